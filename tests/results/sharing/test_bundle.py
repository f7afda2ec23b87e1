"""A bundle holds what its records refer to, has the same bytes each time, and is written only where all holds."""

import json
from pathlib import Path

import pytest

from bench.core.errors import StorageError, UsageError
from bench.results.sharing.bundle import write_bundle
from bench.results.sharing.validate import validate
from bench.results.store import Store
from bench.results.written.chosen import Chosen
from tests.results.sharing.stores import edit, members_of, whole_run


def test_a_bundle_holds_everything_and_validates(results, tmp_path, quiet):
    study = tmp_path / "s.toml"
    study.write_text('[study]\nmethods = "simclr"\n')
    done = write_bundle(results, tmp_path / "a.zip", quiet, study=study)
    members = members_of(done.path)
    records = [name for name in members if name.startswith("runs/") and name.endswith(".json")]
    assert (done.records, len(records), done.files) == (3, 3, len(members))
    assert {"manifest.json", "environment.json", "study.toml"} <= members.keys()
    for name in set(members) - {"manifest.json", "environment.json", "study.toml"}:
        assert members[name] == (results / name).read_bytes()
    assert json.loads(members["manifest.json"])["records"] == 3
    assert validate(done.path, quiet).verified.holds


def test_the_same_results_are_the_same_bytes(results, tmp_path, quiet):
    contents = []
    for name in ("a.zip", "b.zip"):
        for path in sorted(results.rglob("*.json"), reverse=name == "b.zip"):
            path.touch()
        contents.append(write_bundle(results, tmp_path / name, quiet).path.read_bytes())
    assert contents[0] == contents[1]


def test_some_records_alone(results, tmp_path, quiet):
    done = write_bundle(results, tmp_path / "a.zip", quiet, Chosen(method=("random",)))
    assert done.records == 1
    assert validate(done.path, quiet).verified.records == 1
    with pytest.raises(UsageError, match="Did you mean 'simclr'"):
        write_bundle(results, tmp_path / "b.zip", quiet, Chosen(method=("simcrl",)))
    assert not (tmp_path / "b.zip").exists()


def test_nothing_is_written_of_records_that_do_not_hold(results, tmp_path, quiet):
    record = whole_run(results, "simclr", 0)
    edit(results, record, lambda d: d["split"].update(train=9), reseal=True)
    with pytest.raises(StorageError, match=r"split\.train: it states 9") as caught:
        write_bundle(results, tmp_path / "a.zip", quiet)
    assert not (tmp_path / "a.zip").exists()
    assert "delete the records and run them again" in str(caught.value)
    Store(results).path(record).unlink()  # as the error advises
    assert write_bundle(results, tmp_path / "a.zip", quiet).records == 2


def test_files_that_are_no_records_are_said_and_left_out(results, tmp_path, quiet):
    (results / "runs" / "notes.json").write_text("{}")
    done = write_bundle(results, tmp_path / "a.zip", quiet)
    assert done.records == 3
    assert "notes.json is not a valid record" in done.warnings[0]


@pytest.mark.parametrize(
    ("content", "match"), [("[study", "is not a study"), ("a = 1", r"no table \[study\]"), (None, "cannot be read")]
)
def test_a_study_that_is_none(results, tmp_path, quiet, content, match):
    study = tmp_path / "s.toml"
    if content is not None:
        study.write_text(content)
    with pytest.raises(UsageError, match=match):
        write_bundle(results, tmp_path / "a.zip", quiet, study=study)


def test_no_records(tmp_path, quiet):
    with pytest.raises(UsageError, match="No records under"):
        write_bundle(tmp_path, tmp_path / "a.zip", quiet)


def test_the_name_of_a_home_folder_is_a_warning(results, tmp_path, quiet, monkeypatch):
    study = tmp_path / "s.toml"
    study.write_text('[study]\ndata = "/home/someone/cells"\n')
    monkeypatch.setattr(Path, "home", lambda: Path("/home/someone"))
    done = write_bundle(results, tmp_path / "a.zip", quiet, study=study)
    assert done.warnings == ["study.toml: holds the name of your own folder, /home/someone. Look before you share it."]
