"""The table of test cases: what is written is read, and the same rows give the same bytes."""

import pandas as pd
import pytest

from bench.core.errors import StorageError
from bench.results.case_table import METRIC, case_table, file_hash, read_cases, to_bytes


def read_back(tmp_path, table, **options):
    (tmp_path / "cases.parquet").write_bytes(to_bytes(table))
    return read_cases(tmp_path / "cases.parquet", **options)


def test_classes_and_probabilities_come_back(tmp_path):
    frame = read_back(tmp_path, case_table({"target": [1, 0], "prediction": [[0.25, 0.75], [1.0, 0.0]]}, ["A", "B"]))
    assert list(frame) == ["domain", "target", "prediction"]
    assert frame["target"].tolist() == [1, 0]
    assert [list(p) for p in frame["prediction"]] == [[0.25, 0.75], [1.0, 0.0]]
    assert frame["domain"].tolist() == ["A", "B"]


def test_each_metric_of_a_case_is_a_column_and_an_undefined_one_is_empty(tmp_path):
    frame = read_back(tmp_path, case_table({"metrics": [{"dice": 0.5}, {"dice": None, "hd95": 3.0}]}))
    assert list(frame) == [f"{METRIC}dice", f"{METRIC}hd95"]
    assert frame[f"{METRIC}dice"].isna().tolist() == [False, True]
    assert frame[f"{METRIC}hd95"].isna().tolist() == [True, False]


def test_lists_of_lists_as_boxes_keep_their_depth(tmp_path):
    frame = read_back(tmp_path, case_table({"prediction": [[[0, 1.5, 2.0]], []]}))
    assert [[list(box) for box in boxes] for boxes in frame["prediction"]] == [[[0, 1.5, 2.0]], []]


def test_the_same_rows_give_the_same_bytes():
    columns = {"target": [1, 0], "prediction": [[0.1], [0.2]]}
    assert to_bytes(case_table(columns)) == to_bytes(case_table(dict(columns)))
    assert file_hash(to_bytes(case_table(columns))) != file_hash(to_bytes(case_table({**columns, "target": [0, 0]})))


def test_some_columns_are_read_alone(tmp_path):
    frame = read_back(tmp_path, case_table({"target": [1], "prediction": [[0.5]]}), columns=["target"])
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"target": [1]}))


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no table"])
def test_a_file_that_is_missing_or_no_table_is_an_error(tmp_path, content):
    path = tmp_path / "cases.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StorageError, match=r"cases\.parquet is not a readable table of cases"):
        read_cases(path)


def test_tuples_are_lists():
    table = case_table({"target": [(1, 0), (0, 1)], "prediction": [[0.5, 0.25], [0.0, 1.0]]})
    assert table["target"].to_pylist() == [[1.0, 0.0], [0.0, 1.0]]
