"""Fingerprints of files: each is read once, and again where it changed or may have."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from bench.core.console import Report
from bench.core.errors import DataError
from bench.data.fingerprints import files as hashing
from bench.data.fingerprints.files import SETTLED_NS, Fingerprints


def later():
    """A clock for which every file of a test is old."""
    return time.time_ns() + 10 * SETTLED_NS


@pytest.fixture
def read(monkeypatch):
    """Names of the files that are read."""
    names, own = [], hashing.Fingerprints._hash_file
    monkeypatch.setattr(hashing.Fingerprints, "_hash_file", lambda *a: names.append(Path(a[1]).name) or own(*a))
    return names


def write(folder, contents):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in contents]


def hashes(paths, cache=None, clock=later):
    return [bytes(row) for row in Fingerprints(cache, Report(quiet=True), clock).hashes(paths, "Restore it.")]


def sha256(*contents):
    return [hashlib.sha256(content).digest() for content in contents]


def test_a_later_command_reads_only_what_changed(tmp_path, read, monkeypatch):
    monkeypatch.setattr(hashing, "_BLOCK", 7)
    monkeypatch.setattr(hashing, "_STATUSES", 2)
    contents = {f"{n}.png": str(n).encode() * n for n in range(40)}
    paths = write(tmp_path / "scans", contents)
    for _ in range(2):
        assert hashes(paths, tmp_path) == sha256(*contents.values())
    assert sorted(read) == sorted(contents)
    read.clear()
    contents |= {"7.png": b"other", "new.png": b"new"}
    paths = write(tmp_path / "scans", {n: c for n, c in contents.items() if n in ("7.png", "new.png")})
    paths = [str(tmp_path / "scans" / name) for name in contents]
    assert hashes(paths, tmp_path) == sha256(*contents.values())
    assert sorted(read) == ["7.png", "new.png"]


def test_a_file_that_changed_under_the_same_size_and_time_is_read_again(tmp_path, read):
    (path,) = paths = write(tmp_path / "scans", {"a.png": b"one"})
    status = Path(path).stat()
    assert hashes(paths, tmp_path) == sha256(b"one")
    write(tmp_path / "scans", {"a.png": b"two"})
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert hashes(paths, tmp_path) == sha256(b"two")
    assert len(read) == 2


def test_a_file_as_young_as_its_hash_is_not_believed(tmp_path, read, monkeypatch):
    """A second change may fall into the same tick of the file system's clock: here every file has one time."""
    monkeypatch.setattr(hashing, "_stamp", lambda status: (status.st_size, 5 * 10**18, 5 * 10**18))
    paths = write(tmp_path / "scans", {"a.png": b"one"})
    assert hashes(paths, tmp_path, lambda: 5 * 10**18 + SETTLED_NS) == sha256(b"one")
    write(tmp_path / "scans", {"a.png": b"two"})
    assert hashes(paths, tmp_path, lambda: 5 * 10**18 + 2 * SETTLED_NS) == sha256(b"two")
    assert len(read) == 2
    assert hashes(paths, tmp_path) == sha256(b"two")
    assert len(read) == 2, "by now it is settled"


def test_a_file_that_changes_while_it_is_read_is_not_believed(tmp_path, read, monkeypatch):
    paths = write(tmp_path / "scans", {"a.png": b"one"})
    part = os.read

    def meddle(file, size):
        os.utime(paths[0], ns=(0, time.time_ns()))
        return part(file, size)

    monkeypatch.setattr(hashing.os, "read", meddle)
    for _ in range(2):
        hashes(paths, tmp_path)
    assert len(read) == 2


def test_without_a_cache_every_file_is_read(tmp_path, read):
    paths = write(tmp_path / "scans", {"a.png": b"one", "b.png": b""})
    for _ in range(2):
        assert hashes(paths) == sha256(b"one", b"")
    assert len(read) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["scans"]


def test_an_interrupted_hashing_keeps_what_it_has_done(tmp_path, read, monkeypatch):
    paths = write(tmp_path / "scans", {f"{n}.png": b"x" * n for n in range(1, 20)})
    with pytest.raises(DataError, match=r"none\.png: cannot be read: No such file or directory\.\nRestore it\."):
        hashes([*paths, str(tmp_path / "none.png")], tmp_path)
    read.clear()
    hashes(paths, tmp_path)
    assert not read


@pytest.mark.parametrize("known", [False, True])
def test_what_is_no_regular_file_is_an_error(tmp_path, known):
    (path,) = paths = write(tmp_path / "scans", {"a.png": b"one"})
    if known:
        hashes(paths, tmp_path)
    Path(path).unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"a\.png: cannot be read: it is no regular file"):
        hashes(paths, tmp_path)
