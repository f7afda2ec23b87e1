"""Bundles and folders that hold, and those that do not; what a submitter does next."""

import zipfile

import pytest

from bench.core.errors import StorageError, UsageError
from bench.results.sharing.bundle import write_bundle
from bench.results.sharing.manifest import manifest_text
from bench.results.sharing.validate import validate
from bench.results.store import Store
from tests.results.sharing.stores import edit, members_of, whole_run, zipped


@pytest.fixture
def bundle(results, tmp_path, quiet):
    return write_bundle(results, tmp_path / "a.zip", quiet).path


def repacked(path, change, *, listed=True):
    """The bundle with other members; `listed` says whether the manifest is made for them."""
    members = members_of(path)
    change(members)
    del members["manifest.json"]
    manifest = manifest_text(members) if listed else members_of(path)["manifest.json"]
    return zipped(path.with_name("other.zip"), [("manifest.json", manifest), *members.items()])


def test_a_folder_and_a_bundle_of_it_hold(results, bundle, quiet):
    folder, packed = validate(results, quiet), validate(bundle, quiet)
    assert folder.verified.holds
    assert packed.verified.holds
    assert (folder.bundle, packed.bundle) == (False, True)
    assert "  bench leaderboard" in folder.advice
    assert f"  bench results merge {bundle}" in packed.advice
    assert not any("repository" in note for note in packed.verified.notes)


def test_an_unpacked_bundle_is_held_against_its_manifest(bundle, tmp_path, quiet):
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert validate(tmp_path / "unpacked", quiet).verified.holds
    (tmp_path / "unpacked" / "environment.json").write_text("{}")
    assert "changed or damaged" in validate(tmp_path / "unpacked", quiet).verified.findings[0].reason


def test_what_the_manifest_does_not_list_is_a_finding(bundle, quiet):
    path = repacked(bundle, lambda members: members.update({"splits/x.csv": b""}), listed=False)
    assert [one.path for one in validate(path, quiet).verified.findings] == ["splits/x.csv"]


def test_what_no_record_refers_to_is_a_finding(bundle, quiet):
    path = repacked(bundle, lambda members: members.update({"splits/x.csv": b"", "runs/y.parquet": b""}))
    found = validate(path, quiet).verified.findings
    assert {(one.path, one.reason) for one in found} == {
        ("splits/x.csv", "no record refers to it"),
        ("runs/y.parquet", "no record refers to it"),
    }


def test_an_edited_record_under_a_new_manifest_is_found(results, bundle, quiet):
    record = whole_run(results, "simclr", 0)
    name = edit(results, record, lambda d: d["metrics"].update(accuracy=0.99), reseal=True)
    path = repacked(bundle, lambda members: members.update({name: (results / name).read_bytes()}))
    done = validate(path, quiet)
    assert [(one.path, one.field) for one in done.verified.findings] == [(name, "metrics.accuracy")]
    assert "never mended by hand" in done.advice[0]


def test_a_missing_split_is_found(results, bundle, quiet):
    split = whole_run(results, "simclr", 0).split.file
    found = validate(repacked(bundle, lambda members: members.pop(split)), quiet).verified.findings
    assert {one.field for one in found} == {"split"}


def test_notes_on_what_the_repository_does_not_take(tmp_path, quiet):
    whole_run(tmp_path, data="phantom", provenance={"dirty": True})
    done = validate(tmp_path, quiet)
    assert done.verified.holds
    assert ["phantoms" in done.verified.notes[0], "clean checkout" in done.verified.notes[1]] == [True, True]


def test_a_folder_with_a_link(results, quiet):
    path = next(results.rglob("*.parquet"))
    path.rename(results.parent / "kept")
    path.symlink_to(results.parent / "kept")
    assert [one.reason for one in validate(results, quiet).verified.findings] == ["it is a link"]


def test_what_is_not_there_or_holds_nothing(tmp_path, quiet):
    with pytest.raises(UsageError, match="No such file"):
        validate(tmp_path / "nowhere.zip", quiet)
    with pytest.raises(UsageError, match="no folder runs/"):
        validate(tmp_path, quiet)
    (tmp_path / "runs").mkdir()
    assert [one.reason for one in validate(tmp_path, quiet).verified.findings] == ["there are no records"]
    (tmp_path / "x.zip").write_bytes(b"x")
    with pytest.raises(StorageError, match="is not a bundle"):
        validate(tmp_path / "x.zip", quiet)


def test_a_table_of_cases_that_is_too_large_is_not_read(results, quiet):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from bench.results.case_table import file_hash

    record = whole_run(results, "simclr", 0)
    path = Store(results).path(record).with_suffix(".parquet")
    pq.write_table(pa.table({"target": pa.array([0] * 3_000_000)}), path)
    sha256 = file_hash(path.read_bytes())
    edit(results, record, lambda d: d["cases"].update(sha256=sha256, columns=["target"]), reseal=True)
    (found,) = validate(results, quiet).verified.findings
    assert found.reason == "3000000 rows with 3000000 values, and it states 40 rows"
