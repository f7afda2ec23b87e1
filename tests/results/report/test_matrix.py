"""The matrix is antisymmetric, and has the words of the tests."""

import pandas as pd

from bench.results.report.matrix import matrix_of
from bench.results.report.rows import Drawing, Row


def row(number, *, variant=False):
    drawing = Drawing(None, None, None)
    return Row(number, f"row {number}", "m", "", "", "", variant, False, {}, drawing, drawing, ())


COLUMNS = ["a", "b", "difference", "low", "high", "p_holm", "tested"]
PAIRS = pd.DataFrame(
    [[0, 1, 0.1, 0.05, 0.15, 0.001, "differs"], [2, 0, -0.01, -0.03, 0.01, 0.4, "not told apart"]], columns=COLUMNS
)


def test_a_cell_is_row_less_column():
    found = matrix_of([row(0), row(1), row(2, variant=True)], PAIRS)
    assert [column.number for column in found.columns] == [0, 1]
    cells = {line.number: pairs for line, pairs in found.lines}
    assert cells[0][0] is None
    assert (cells[0][1].difference, cells[0][1].p, cells[0][1].sign) == ("+10.0 (+5.0 to +15.0)", "0.001", "better")
    assert (cells[1][0].difference, cells[1][0].sign) == ("-10.0 (-15.0 to -5.0)", "worse")
    assert (cells[2][0].difference, cells[2][0].sign, cells[2][0].tested) == (
        "-1.0 (-3.0 to +1.0)",
        "level",
        "not told apart",
    )
    assert cells[2][1] is None, "it was not tested"


def test_there_is_no_matrix_without_pairs():
    assert matrix_of([row(0)], PAIRS.iloc[:0]) is None


def test_variants_alone_are_columns():
    found = matrix_of([row(0, variant=True), row(1, variant=True)], PAIRS)
    assert len(found.columns) == 2
