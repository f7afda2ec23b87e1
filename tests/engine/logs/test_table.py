"""Tables of logs: continued where a training continues, read as far as a crash left them."""

import pandas as pd
import pytest

from bench.engine.logs import table as module
from bench.engine.logs.table import LogTable, rows_before


def written(path, start, rows):
    table = LogTable(path, start)
    for row in rows:
        table.write(row)
    table.close()
    return pd.read_csv(path)


def test_a_start_without_rows_leaves_no_file(tmp_path):
    path = tmp_path / "new" / "log.csv"
    written(path, 0, [{"step": 0, "loss": 1.0}])
    LogTable(path, 0).close()
    assert not path.exists()
    assert list(written(path, 0, [{"step": 0, "loss": 2.0}])["loss"]) == [2.0]


def test_rows_from_the_start_of_a_resumed_part_are_written_anew(tmp_path):
    written(tmp_path / "log.csv", 0, [{"step": step, "loss": float(step)} for step in range(4)])
    rows = written(tmp_path / "log.csv", 2, [{"step": step, "loss": 10.0 + step} for step in (2, 3)])
    assert (list(rows["step"]), list(rows["loss"])) == ([0, 1, 2, 3], [0, 1, 12, 13])


def test_columns_are_those_of_the_first_row(tmp_path):
    rows = written(tmp_path / "a.csv", 0, [{"step": 0, "a": 1.0, "b": 2.0}, {"step": 1, "b": 3.0, "c": 4.0}])
    assert list(rows) == ["step", "a", "b"]
    assert list(rows["b"]) == [2, 3]
    assert rows["a"].isna().tolist() == [False, True]


@pytest.mark.parametrize("tail", ["\0\0\0\0", "2,9,\0", "garbage\n", "7\n", "\ufffd,1.0\n", '"2,5'])
def test_a_table_that_a_crash_damaged_is_read_as_far_as_it_goes(tmp_path, tail):
    path = tmp_path / "log.csv"
    written(path, 0, [{"step": step, "loss": float(step)} for step in range(2)])
    with path.open("a") as file:
        file.write(tail)
    rows = written(path, 2, [{"step": 2, "loss": 5.0}])
    assert (list(rows["step"]), list(rows["loss"])) == ([0, 1, 2], [0, 1, 5])


@pytest.mark.parametrize("text", ["", "\0" * 300, "a,b\n1,2\n", "step,loss\n", "step,loss\n4,1.0\n"])
def test_without_rows_before_the_start_nothing_is_left(text):
    assert rows_before(text, 4) == ""


def test_rows_are_in_the_file_when_it_is_flushed_and_after_a_while(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    table = LogTable(path, 0)
    table.write({"step": 0, "loss": 1.0})
    assert path.read_text() == ""
    table.flush()
    assert len(path.read_text().splitlines()) == 2
    monkeypatch.setattr(module, "FLUSH_SECONDS", -1.0)
    table.write({"step": 1, "loss": 1.0})
    assert len(path.read_text().splitlines()) == 3
    table.close()
