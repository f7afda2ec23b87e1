"""A stored run by file or by identity: what is found, and one error for whatever names none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.errors import StorageError, UsageError
from bench.results.store import Store
from bench.runs.kept.find import find_run

RESULTS = Path(__file__).parents[3] / "results"


@pytest.fixture(scope="module")
def path():
    return next(iter(Store(RESULTS).paths()))


def test_by_file_and_by_identity(path, tmp_path, monkeypatch):
    record, results = find_run(str(path), RESULTS)
    assert results == RESULTS
    assert find_run(str(path), tmp_path)[1] == RESULTS, "a file says where its results folder is"
    for digits in (record.identity, record.identity[:12], record.identity[:9].upper()):
        assert find_run(digits, RESULTS)[0] == record
    monkeypatch.chdir(path.parent)
    assert find_run(path.name, tmp_path)[0] == record


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "names no run: give a record's .json file, or 6 or more digits"),
        ("simclr", "names no run"),
        ("000000000000", "no run has the identity 000000000000"),
        ("nowhere.json", "no such file"),
        ("a/b", "no such file"),
    ],
)
def test_what_names_no_run(text, message):
    with pytest.raises(UsageError, match=message):
        find_run(text, RESULTS)


def test_a_file_elsewhere_and_a_damaged_record(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UsageError, match="not below a folder runs"):
        find_run(str(tmp_path / "x.json"), RESULTS)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "x.json").write_text("{}")
    with pytest.raises(StorageError, match="is not a valid record"):
        find_run(str(tmp_path / "runs" / "x.json"), RESULTS)


def test_several_are_listed(monkeypatch, tmp_path):
    record, _ = find_run(str(next(iter(Store(RESULTS).paths()))), RESULTS)
    monkeypatch.setattr("bench.runs.kept.find._read", lambda *_: record)
    monkeypatch.setattr(Store, "paths", lambda _: iter([Path(f"a-{record.identity[:12]}.json")] * 2))
    with pytest.raises(UsageError, match=r"2 runs have the identity .*\n"):
        find_run(record.identity[:8], RESULTS)
