"""Rows of runs: one for each record, and where each record lies."""

from bench.results.frame import CACHE, RESULTS, path_of, row_of, to_frame
from bench.results.store import Store
from tests.records_of import consistent, record


def test_a_row_says_where_its_record_lies(tmp_path):
    one = consistent(record("byol", 3))
    assert path_of(row_of(one), tmp_path) == Store(tmp_path).path(one)
    frame = to_frame([one], tmp_path)
    assert tmp_path / "runs" / frame["path"][0] == Store(tmp_path).path(one)
    assert frame.attrs == {RESULTS: str(tmp_path), CACHE: ""}


def test_records_that_were_not_stored_yet_have_a_digest_of_their_own():
    rows = [row_of(consistent(record("byol", seed))) for seed in (0, 1)]
    assert rows[0]["digest"] != rows[1]["digest"]
    assert rows[0]["digest"] == row_of(consistent(record("byol", 0)).sealed())["digest"]


def test_without_a_folder_nothing_is_said_of_places():
    assert to_frame([record()]).attrs == {}
    assert "path" not in to_frame([record()])
