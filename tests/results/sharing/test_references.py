"""Files that records refer to: missing, changed, of another form, or with other counts."""

import pytest

from bench.results.case_table import file_hash
from bench.results.record import FileRecord
from bench.results.sharing.references import References, files_of
from bench.results.store import Store
from tests.results.sharing.stores import NEAR, whole_run


@pytest.fixture
def run(results):
    return References(Store(results)), whole_run(results)


def with_duplicates(store, record, content):
    """The record with another file of copies."""
    file = store.results / "splits" / "other.json"
    file.write_bytes(content)
    changed = {"file": "splits/other.json", "sha256": file_hash(content)}
    return record.model_copy(update={"duplicates": record.duplicates.model_copy(update=changed)})


def test_what_a_record_names_and_what_it_is_without(run):
    references, record = run
    assert list(files_of(record)) == ["split", "duplicates"]
    assert references.check(record, "r.json") == []
    assert len(references.test_cases(record)) == record.split.test
    assert references.left_out(record) == {
        "metrics_without_duplicates": set(),
        "metrics_without_near_duplicates": set(NEAR),
    }


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"[" * 100_000, b"\xff", b'{"crossing_split": 3}'])
def test_files_of_another_form(run, content):
    references, record = run
    (found,) = references.check(with_duplicates(references.store, record, content), "r.json")
    assert "has another form" in found.reason


def test_files_outside_the_folder_are_not_read(run):
    references, record = run
    outside = record.model_copy(update={"subjects": FileRecord(file="../x.csv", sha256="0" * 64)})
    (found,) = references.check(outside, "r.json")
    assert (found.field, "outside the results folder" in found.reason) == ("subjects", True)
