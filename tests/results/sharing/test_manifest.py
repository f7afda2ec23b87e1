"""A manifest lists every file, and notices each that was changed, added or taken away."""

import json

import pytest

from bench.core.errors import StorageError
from bench.results.sharing.manifest import manifest_findings, manifest_text

FILES = {"runs/a.json": b"{}", "runs/a.parquet": b"x", "environment.json": b"{}"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "runs").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "manifest.json").write_text(manifest_text(FILES))
    return tmp_path


def found(folder):
    return {one.path: one.reason for one in manifest_findings(folder)}


def test_files_as_they_were_listed(folder):
    assert found(folder) == {}
    assert manifest_text(dict(reversed(FILES.items()))) == manifest_text(FILES)
    assert json.loads(manifest_text(FILES))["records"] == 1


def test_changed_added_and_missing_files(folder):
    (folder / "runs/a.json").write_bytes(b"[]")
    (folder / "runs/b.json").write_bytes(b"{}")
    (folder / "environment.json").unlink()
    assert found(folder) == {
        "runs/a.json": "it is not the file that the manifest lists: it was changed or damaged",
        "runs/b.json": "the manifest does not list it",
        "environment.json": "the manifest lists it, and it is not there",
        "manifest.json": "it states 1, and there are 2",
    }


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"files": {"a": 1}}', b"[" * 100_000])
def test_a_manifest_that_is_none(folder, content):
    (folder / "manifest.json").write_bytes(content)
    assert set(found(folder)) == {"manifest.json"}


def test_no_manifest(folder):
    (folder / "manifest.json").unlink()
    with pytest.raises(StorageError, match="No such file"):
        manifest_findings(folder)
