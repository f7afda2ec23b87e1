"""Atomic files: old content or new, never half, and no trace of a failed write."""

import os
import secrets
import shutil
import subprocess
import sys
import time

import pytest

from bench.core import files
from bench.core.errors import StorageError
from bench.core.files import paths_below, require_writable, write_text, write_together


def test_a_folder_that_vanishes_while_writing_is_made_again(tmp_path, monkeypatch):
    token = secrets.token_hex
    removed = []

    def remove_often(n_bytes):
        if len(removed) < 20:
            removed.append(shutil.rmtree(tmp_path / "ab"))
        return token(n_bytes)

    monkeypatch.setattr(secrets, "token_hex", remove_often)
    write_text(tmp_path / "ab" / "file.txt", "kept")
    assert (tmp_path / "ab" / "file.txt").read_text() == "kept"
    assert len(removed) == 20


def test_what_others_delete_meanwhile_is_left_out(tmp_path):
    for name in ("a/1", "b/2"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    everything = {tmp_path / name for name in ("a/1", "b/2", "a", "b")}
    assert set(paths_below(tmp_path)) == everything
    found = paths_below(tmp_path)
    first = next(found)
    for folder in ("a", "b"):
        shutil.rmtree(tmp_path / folder)
    assert {first, *found} <= everything
    assert list(paths_below(tmp_path / "none")) == []


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


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_file_is_written_with_its_folders_and_what_the_umask_leaves(tmp_path, umask):
    path = tmp_path / "a" / "b" / "file.txt"
    before = os.umask(umask)
    try:
        files.write_text(path, "täxt")
    finally:
        os.umask(before)
    assert path.read_text(encoding="utf-8") == "täxt"
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask
    assert path.parent.stat().st_mode & 0o777 == 0o777 & ~umask


def test_a_text_that_is_there_is_not_written_again(tmp_path, monkeypatch):
    files.write_text(tmp_path / "a", "same")
    monkeypatch.setattr(files, "write_atomic", lambda *given: pytest.fail("wrote"))
    files.write_text(tmp_path / "a", "same")


KILLED = """
import os, sys
from pathlib import Path
from bench.core.files import write_atomic
write_atomic(Path(sys.argv[1]), lambda file: (file.write(b"half"), file.flush(), os.kill(os.getpid(), 9)))
"""


def test_what_a_killed_command_was_writing_is_swept_and_what_a_running_one_writes_is_not(tmp_path):
    assert subprocess.run([sys.executable, "-c", KILLED, tmp_path / "sub" / "a.json"]).returncode == -9
    (left,) = (tmp_path / "sub").iterdir()

    def write(file):
        file.write(b"half")
        file.flush()
        assert list(files.leftovers(tmp_path)) == [left]
        assert files.sweep(tmp_path) == (1, 4)
        assert files.sweep(tmp_path) == (0, 0)

    files.write_atomic(tmp_path / "b.json", write)
    assert (tmp_path / "b.json").read_bytes() == b"half"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["b.json", "sub"]


def test_a_file_without_its_lock_and_name_yet_is_left_alone_for_a_while(tmp_path):
    new = tmp_path / ".a.json.0123abcd.new"
    new.touch()
    assert files.sweep(tmp_path) == (0, 0), "it may have just begun"
    os.utime(new, (time.time() - 3600,) * 2)
    assert files.sweep(tmp_path) == (1, 0)


def test_a_file_that_cannot_get_its_name_leaves_nothing(tmp_path, monkeypatch):
    def refuse(old, new):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(StorageError, match="No space left on device"):
        files.write_text(tmp_path / "a", "text")
    assert list(tmp_path.iterdir()) == []


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


def test_files_that_are_written_together_are_all_there_or_none(tmp_path):
    old, new, gone = tmp_path / "old", tmp_path / "deep" / "new", tmp_path / "gone"
    old.write_bytes(b"1")
    gone.write_bytes(b"2")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError):
        write_together({old: b"3", new: b"4", tmp_path / "folder": b"5"}, [gone])
    assert (old.read_bytes(), new.exists(), gone.read_bytes()) == (b"1", False, b"2")
    write_together({old: b"3", new: b"4"}, [gone])
    assert (old.read_bytes(), new.read_bytes(), gone.exists()) == (b"3", b"4", False)
