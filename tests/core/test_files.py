"""Atomic files: old content or new, never half, and no trace of a failed write."""

import shutil
import tempfile

import pytest

from bench.core import files
from bench.core.errors import StorageError
from bench.core.files import require_writable, write_text


def test_a_folder_that_vanishes_while_writing_is_made_again(tmp_path, monkeypatch):
    made = tempfile.NamedTemporaryFile
    removed = []

    def remove_once(**options):
        if not removed:
            removed.append(shutil.rmtree(options["dir"]))
        return made(**options)

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", remove_once)
    write_text(tmp_path / "ab" / "file.txt", "kept")
    assert (tmp_path / "ab" / "file.txt").read_text() == "kept"
    assert removed


def test_full_disk_leaves_the_old_file_and_no_trace(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    files.write_text(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StorageError, match=r"file\.txt: No space left on device. Free some space"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_written_with_its_folders_and_read_by_all(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    files.write_text(path, "täxt")
    assert path.read_text(encoding="utf-8") == "täxt"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_library_that_fails_to_write_is_the_same_error(tmp_path):
    def fails(file):
        file.write(b"half")
        raise RuntimeError("unexpected pos 0 vs 1")

    with pytest.raises(StorageError, match=r"Could not write .*file\.bin: unexpected pos"):
        files.write_atomic(tmp_path / "file.bin", fails)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot be made: .*file is a file"):
        files.require_writable(tmp_path / "file" / "results", "results")
    files.require_writable(tmp_path / "new" / "results", "results")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_name_that_is_too_long_is_the_same_error(tmp_path):
    with pytest.raises(StorageError, match=r"Could not write .*: File name too long"):
        require_writable(tmp_path / ("n" * 256) / "runs", "results")
