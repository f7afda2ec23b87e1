"""Cells of boards: percent, signs, intervals, and what is undefined."""

import math

import pandas as pd
import pytest

from bench.results.written.columns import (
    interval_cell,
    markdown_table,
    p_value,
    rank_cell,
    signed,
    site_cells,
    without_copies,
)


@pytest.mark.parametrize(("p", "text"), [(0.0004, "< 0.001"), (0.0123, "0.012"), (1.0, "1.000"), (math.nan, "")])
def test_p_has_three_decimals(p, text):
    assert p_value(p) == text


def test_differences_have_a_sign_and_an_interval_where_there_is_one():
    assert signed(-0.026, -0.071, 0.02) == "-2.6 (-7.1 to +2.0)"
    assert signed(0.1, math.nan, math.nan) == "+10.0"
    assert signed(math.nan, math.nan, math.nan) == ""


def test_undefined_ranks_and_intervals_are_said_to_be_none():
    row = {"ci95_low": math.nan, "ci95_high": math.nan, "rank": pd.NA, "rank_low": pd.NA, "rank_high": pd.NA}
    assert (interval_cell(row), rank_cell(row)) == ("n/a", "n/a")
    assert rank_cell(row | {"rank": 2}) == "2"
    assert rank_cell(row | {"rank": 2, "rank_low": 1, "rank_high": 3}) == "2 (1 to 3)"


def test_a_score_without_copies_says_of_how_many_cases_where_some_are_left_out():
    row = {"mean_x": 0.5, "clean": 7.0, "test_cases": 7.0}
    assert without_copies(row, "x", "clean") == "50.0"
    assert without_copies(row | {"clean": 4.0}, "x", "clean") == "50.0 (4 of 7)"


def test_sites_have_columns_only_where_a_row_has_sites():
    board = pd.DataFrame({"in_distribution": [0.5], "out_of_distribution": [0.4], "drop": [0.1], "site:x_y": [0.5]})
    assert site_cells(board)["x y"] == ["50.0"]
    assert site_cells(board.assign(in_distribution=math.nan)) == {}


def test_headings_are_escaped():
    assert markdown_table({"a|b": ["1"]}).splitlines() == [r"| a\|b |", "| --- |", "| 1 |"]
