"""A record whose fields, scores or cases were edited is named and left out; the others count."""

import json
from pathlib import Path

import pytest

from bench.core.errors import StorageError
from bench.results.record import FileRecord, fields_digest
from bench.results.store import Store, lines_of
from tests.records_of import CASES, consistent, record

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    for seed in (0, 1):
        store.add(consistent(record(seed=seed)), CASES)
    return store


def edited(store: Store, seed: int, *, reseal: bool = False, **changes) -> Path:
    path = store.path(consistent(record(seed=seed)))
    fields = json.loads(path.read_text())
    for name, value in changes.items():
        fields[name] = {**fields[name], **value} if isinstance(value, dict) else value
    if reseal:
        fields["digest"] = fields_digest(fields)
    path.write_text(json.dumps(fields))
    return path


def test_edited_scores_are_noticed(store):
    path = edited(store, 0, metrics={"accuracy": 0.99})
    records, problems = store.load()
    assert [r.seed for r in records] == [1]
    assert [p.path for p in problems] == [path]
    assert "its digest is not that of its fields" in problems[0].reason


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"method": {"lr": 5.0}}},
        {"versions": {"pretraining": {"views": 2}}},
        {"fingerprints": {"data": "other"}},
        {"hashes": {"evaluation": "f" * 64}},
        {"identity": "f" * 64},
        {"kind": "detection"},
    ],
)
def test_fields_that_make_the_identity_are_checked_even_with_a_right_digest(store, changes):
    edited(store, 0, reseal=True, **changes)
    records, problems = store.load()
    assert [r.seed for r in records] == [1]
    assert "do not follow from its fields" in problems[0].reason


def test_changed_and_missing_cases_are_noticed(store):
    first, second = (store.path(consistent(record(seed=seed))).with_suffix(".parquet") for seed in (0, 1))
    first.write_bytes(CASES[:-1] + b"x")
    second.unlink()
    records, problems = store.load()
    assert records == []
    assert "is not the one that it was stored with" in problems[0].reason
    assert "No such file" in problems[1].reason


def test_numbers_that_are_none_are_no_record(store):
    path = store.path(consistent(record(seed=0)))
    path.write_text(path.read_text().replace('"accuracy": 0.5', '"accuracy": NaN'))
    records, problems = store.load()
    assert len(records) == len(problems) == 1


def test_layout_of_the_file_does_not_matter(store):
    path = store.path(consistent(record(seed=0)))
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4))
    assert len(store.load()[0]) == 2


def test_many_files_with_one_fault_are_one_line(store):
    for seed in (0, 1):
        edited(store, seed, metrics={"accuracy": 0.9})
    (line,) = lines_of(store.load()[1])
    assert line.endswith("(1 more like it)")


def test_a_file_that_records_refer_to_is_checked_when_it_is_read(tmp_path):
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "x.csv").write_text("case,split\na,test\n")
    store = Store(tmp_path)
    with pytest.raises(StorageError, match="was changed"):
        store.content(FileRecord(file="splits/x.csv", sha256="0" * 64))
    with pytest.raises(StorageError, match="No such file"):
        store.content(FileRecord(file="splits/y.csv", sha256="0" * 64))


def test_identity_of_every_committed_record_follows_from_its_fields():
    store = Store(REPOSITORY / "results")
    records, problems = store.load()
    assert problems == []
    for one in records:
        assert {**one.hashes, "identity": one.identity} == one.facts.hashes
    for one in records[::40]:
        cases = store.cases(one)
        assert len(cases) == one.split.test == cases["case"].nunique()
        store.content(one.duplicates)
        if one.labelled:
            store.content(one.labelled)
