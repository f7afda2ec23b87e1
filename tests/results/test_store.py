"""Records on disk: atomic, validated, and nothing that is no record is ever counted."""

import json

import pytest

from bench.core.errors import StorageError
from bench.results.case_table import case_table, file_hash, to_bytes
from bench.results.record import CasesRecord, SplitRecord
from bench.results.store import Store
from tests.records_of import CASES, consistent, record


def test_what_is_stored_is_what_is_read(tmp_path):
    store, one = Store(tmp_path), consistent(record())
    path = store.add(one, CASES)
    assert path.relative_to(tmp_path).parts[:5] == ("runs", "real", "quick", "simclr", "brain_tumor")
    assert path.name == f"resnet18-finetune-seed0-{one.identity[:12]}.json"
    assert path.with_suffix(".parquet").read_bytes() == CASES
    assert store.load() == ([one.sealed()], [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Invalid JSON"),
        (b"{ not json", "Invalid JSON"),
        (b'{"schema_version": 1}', "delete it and run it again"),
        (b'{"schema_version": 2}', "delete it and run it again"),
        (b'{"schema_version": 3}', "Field required"),
        (b"\xff\xfe", "Invalid JSON"),
    ],
)
def test_corrupt_and_foreign_files_are_named_left_alone_and_not_counted(tmp_path, content, reason):
    store, one = Store(tmp_path), consistent(record())
    store.add(one, CASES)
    foreign = store.runs / "real" / "notes.json"
    foreign.write_bytes(content)
    records, problems = store.load()
    assert records == [one.sealed()]
    assert [p.path for p in problems] == [foreign]
    assert reason in problems[0].reason
    assert foreign.read_bytes() == content


def test_record_of_another_schema_version_or_at_another_place_is_a_problem(tmp_path):
    store = Store(tmp_path)
    path = store.add(consistent(record()), CASES)
    fields = json.loads(path.read_text())
    path.with_name("copy.json").write_text(path.read_text())
    path.write_text(json.dumps(fields | {"schema_version": 4}))
    records, problems = store.load()
    assert records == []
    assert sorted(p.reason.split(":")[0] for p in problems) == ["its content belongs at " + str(path), "schema_version"]


def test_cases_are_read_with_the_names_of_the_split_file(tmp_path):
    split = "case,split\na.png,test\nb.png,train\n"
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "x.csv").write_text(split)
    cases = to_bytes(case_table({"target": [0], "prediction": [[1.0, 0.0]]}))
    made = record(
        split=SplitRecord(fingerprint=file_hash(split.encode()), file="splits/x.csv", train=1, validation=1, test=1),
        cases=CasesRecord(sha256=file_hash(cases), rows=1, columns=["target", "prediction"]),
    )
    store, one = Store(tmp_path), consistent(made)
    store.add(one, cases)
    (row,) = store.cases(one).to_dict("records")
    assert (row["case"], row["target"], list(row["prediction"])) == ("a.png", 0, [1.0, 0.0])
    (tmp_path / "splits" / "x.csv").write_text(split + "c.png,test\n")
    with pytest.raises(StorageError, match=r"x\.csv was changed"):
        store.cases(one)


def test_results_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "results").write_text("I am a file")
    with pytest.raises(StorageError, match=r"is a file\. Name another folder"):
        Store(tmp_path / "results").require_writable()


def test_checking_for_writability_leaves_nothing_behind(tmp_path):
    Store(tmp_path / "deep" / "results").require_writable()
    assert list(tmp_path.iterdir()) == []
