"""Files beside a split: named by their content, written once, shared by all runs that have the same."""

import csv
import json

from bench.results.case_table import file_hash
from bench.results.companions import SplitFiles

COUNTS = {
    "n_groups": 1, "n_files": 2, "n_crossing_split": 1, "n_crossing_owner_split": 0, "n_contradictory": 0,
    "n_affected_test_cases": 1, "n_near_affected_test_cases": 2,
}  # fmt: skip
GROUPS = {"crossing_split": [("a", "b")], "affected_test_cases": ["b"]}


def test_duplicates_are_counted_in_the_record_and_named_in_the_file(tmp_path):
    written = SplitFiles(tmp_path, "splits/x-seed0-abc").write_duplicates(GROUPS, COUNTS)
    assert {name: getattr(written, name) for name in COUNTS} == COUNTS
    content = (tmp_path / written.file).read_bytes()
    assert written.sha256 == file_hash(content)
    assert written.file == f"splits/x-seed0-abc-duplicates-{written.sha256[:8]}.json"
    assert json.loads(content) == {"crossing_split": [["a", "b"]], "affected_test_cases": ["b"]}


def test_other_content_is_another_file_and_the_same_is_the_same(tmp_path):
    files = SplitFiles(tmp_path, "splits/x")
    first, again = (files.write_duplicates(GROUPS, COUNTS) for _ in range(2))
    other = files.write_duplicates({**GROUPS, "contradictory": [("c", "d")]}, COUNTS)
    assert first.file == again.file != other.file
    assert len(list((tmp_path / "splits").iterdir())) == 2


def test_labelled_cases_are_rows_of_their_draw(tmp_path):
    files = SplitFiles(tmp_path, "splits/x")
    assert files.write_labelled([]) is None
    written = files.write_labelled([["a,1", "b"], ["c"]])
    rows = list(csv.DictReader((tmp_path / written.file).read_text().splitlines()))
    assert [(row["draw"], row["case"]) for row in rows] == [("0", "a,1"), ("0", "b"), ("1", "c")]


def test_subjects_are_those_that_are_known(tmp_path):
    files = SplitFiles(tmp_path, "splits/x")
    assert files.write_subjects({"a": None, "b": None}) is None
    written = files.write_subjects({"b,1": "s2", "a": "s1", "c": None})
    rows = list(csv.DictReader((tmp_path / written.file).read_text().splitlines()))
    assert [(row["case"], row["subject"]) for row in rows] == [("a", "s1"), ("b,1", "s2")]


def test_a_dry_run_names_the_file_and_writes_none(tmp_path):
    dry = SplitFiles(tmp_path, "splits/x", dry_run=True).write_labelled([["a"]])
    assert list(tmp_path.iterdir()) == []
    assert SplitFiles(tmp_path, "splits/x").write_labelled([["a"]]) == dry
