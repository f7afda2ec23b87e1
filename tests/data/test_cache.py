"""Decoded arrays on disk: made once, shared, bounded, deletable, and never a reason to fail where they are optional."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from bench.core.console import Report
from bench.core.errors import StorageError, UsageError
from bench.data.cache import DiskCache, clean

KIB = 1024 / 2**30


def array_of(value, kib=10):
    return np.full(kib * 1024, value, dtype=np.uint8)


def files(folder):
    return sorted(p.stem for p in folder.rglob("*.npy"))


def test_made_once_and_read_back_from_disk(tmp_path):
    made = []

    def make():
        made.append(1)
        return np.arange(12.0).reshape(3, 4)

    first = DiskCache(tmp_path).get("abcd", make)
    again = DiskCache(tmp_path).get("abcd", make)
    assert made == [1]
    assert isinstance(again, np.memmap)
    assert (first == again).all()
    with pytest.raises(ValueError, match="read-only"):
        again[0, 0] = 1


def test_damaged_file_is_made_again(tmp_path):
    cache = DiskCache(tmp_path)
    cache.get("abcd", lambda: array_of(1))
    (tmp_path / "ab" / "abcd.npy").write_bytes(b"\x93NUMPY not an array")
    assert (DiskCache(tmp_path).get("abcd", lambda: array_of(2)) == 2).all()
    assert (DiskCache(tmp_path).get("abcd", lambda: array_of(3)) == 2).all()


@pytest.mark.parametrize("fault", ["zeroed", "flipped", "truncated", "of another key", "of an earlier version"])
def test_a_damaged_array_is_made_again_with_one_line(tmp_path, capsys, fault):
    first = DiskCache(tmp_path, Report())
    first.get("cccc", lambda: np.arange(2000) + 2)
    other = tmp_path / "cc" / "cccc.npy"
    for key in ("aaaa", "bbbb"):
        first.get(key, lambda: np.arange(2000))
        path = tmp_path / key[:2] / f"{key}.npy"
        content = bytearray(path.read_bytes())
        if fault == "of an earlier version":
            np.save(path, np.arange(2000))
            continue
        if fault == "of another key":
            content = bytearray(other.read_bytes())
        elif fault == "zeroed":
            content[4096:8192] = bytes(4096)
        elif fault == "flipped":
            content[5000] ^= 16
        path.write_bytes(content[:-100] if fault == "truncated" else content)
    again = DiskCache(tmp_path, Report())
    for key in ("aaaa", "bbbb"):
        assert (again.get(key, lambda: np.arange(2000) + 1) == np.arange(2000) + 1).all()
    assert capsys.readouterr().err.count("is damaged, or of an earlier version") == 1
    assert (DiskCache(tmp_path).get("aaaa", lambda: pytest.fail("made again")) == np.arange(2000) + 1).all()


def test_a_full_folder_is_not_listed_for_every_array(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DECODED_GIB", str(35 * KIB))
    cache, listed = DiskCache(tmp_path), []
    whole = DiskCache._files
    monkeypatch.setattr(DiskCache, "_files", lambda self: listed.append(1) or whole(self))
    for number in range(40):
        cache.get(f"{number:04d}", lambda: array_of(0))
    assert len(files(tmp_path)) == 3
    assert len(listed) == 1, "in use by this command, so that nothing could be deleted"


def test_room_is_made_for_many_arrays_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DECODED_GIB", str(1005 * KIB))
    monkeypatch.setattr("bench.data.cache._FREED_AT_ONCE", 0.2)
    old = DiskCache(tmp_path)
    for number in range(100):
        old.get(f"{number:04d}", lambda: array_of(0, 9))
    for path in tmp_path.rglob("*.npy"):
        os.utime(path, (1000.0, 1000.0))
    new, listed = DiskCache(tmp_path), []
    whole = DiskCache._files
    monkeypatch.setattr(DiskCache, "_files", lambda self: listed.append(1) or whole(self))
    for number in range(200, 260):
        new.get(f"{number:04d}", lambda: array_of(1, 9))
    assert len(listed) == 3, "each time 20 % are freed, for some twenty arrays"


def test_bound_drops_what_was_unused_longest_and_never_what_is_in_use(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DECODED_GIB", str(35 * KIB))
    old = DiskCache(tmp_path)
    for i, key in enumerate(("aaaa", "bbbb", "cccc")):
        old.get(key, lambda: array_of(0))
        age = time.time() - 1000 + i
        os.utime(tmp_path / key[:2] / f"{key}.npy", (age, age))
    new = DiskCache(tmp_path)
    new.get("aaaa", lambda: array_of(9))  # in use now
    kept = new.get("dddd", lambda: array_of(4))
    assert files(tmp_path) == ["aaaa", "cccc", "dddd"]
    new.get("eeee", lambda: array_of(5))
    assert files(tmp_path) == ["aaaa", "dddd", "eeee"]
    refused = new.get("ffff", lambda: array_of(6))
    assert files(tmp_path) == ["aaaa", "dddd", "eeee"]
    assert not isinstance(refused, np.memmap)
    assert (refused == 6).all()
    assert (kept == 4).all()
    with pytest.raises(StorageError, match=r"needs more than its limit .* BENCH_DECODED_GIB"):
        new.get("ffff", lambda: array_of(6), required=True)


def test_one_warning_where_nothing_can_be_stored(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BENCH_DECODED_GIB", "1e-9")
    cache = DiskCache(tmp_path, Report())
    for key in ("aaaa", "bbbb"):
        assert (cache.get(key, lambda: array_of(1)) == 1).all()
    assert capsys.readouterr().err.count("decoded each time") == 1


def test_a_deleted_file_does_not_disturb_its_reader(tmp_path):
    array = DiskCache(tmp_path).get("aaaa", lambda: array_of(7))
    (tmp_path / "aa" / "aaaa.npy").unlink()
    assert (array == 7).all()


def _fill(folder):
    cache = DiskCache(folder)
    return [int(cache.get(f"{k:04d}", lambda k=k: array_of(k))[0]) for k in range(20)]


def test_processes_may_share_the_folder(tmp_path):
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        results = list(pool.map(_fill, [tmp_path] * 4))
    assert results == [list(range(20))] * 4
    assert files(tmp_path) == [f"{k:04d}" for k in range(20)]
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".npy"]


def test_clean_deletes_arrays_and_leaves_the_rest(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    DiskCache(tmp_path / "decoded").get("aaaa", lambda: array_of(1))
    count, size = clean(tmp_path)
    assert (count, size) == (1, 10 * 1024 + 128 + 8)
    assert (tmp_path / "checkpoints").is_dir()
    assert files(tmp_path) == []
    assert clean(tmp_path) == (0, 0)


def test_clean_beside_a_running_command(tmp_path, monkeypatch):
    """It keeps the command's lock, and a file that comes while the folder is emptied, and says nothing of either."""
    cache = DiskCache(tmp_path / "decoded")
    cache.get("aaaa", lambda: array_of(1))
    before = Path.rmdir

    def written_meanwhile(folder):
        (folder / "late.npy").write_bytes(b"x")
        before(folder)

    monkeypatch.setattr(Path, "rmdir", written_meanwhile)
    assert clean(tmp_path)[0] == 1
    assert len(list((tmp_path / "decoded" / "users").glob("*.lock"))) == 1
    assert files(tmp_path) == ["late"] * len(files(tmp_path)) != []


def test_cli_clean(bench, tmp_path):
    DiskCache(tmp_path / "decoded").get("aaaa", lambda: array_of(1))
    done = bench("data", "clean", "--cache", tmp_path)
    assert (done.code, done.out) == (0, "Deleted 1 files of decoded data, embeddings and states (0.0 MiB).\n")


def test_clean_reports_what_killed_commands_left(bench, tmp_path):
    for folder in ("cache/checkpoints", "cache/decoded", "results/runs"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / ".a.json.0123.part").write_bytes(b"half")
        os.utime(tmp_path / folder / ".a.json.0123.part", (1.0, 1.0))
    done = bench("data", "clean", "--cache", tmp_path / "cache", "--results", tmp_path / "results")
    assert done.out.splitlines()[-1] == "3 of them were left by commands that were killed."
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "inf"])
def test_limit_must_be_a_size(tmp_path, monkeypatch, text):
    monkeypatch.setenv("BENCH_DECODED_GIB", text)
    with pytest.raises(UsageError, match="expected a positive number of GiB"):
        DiskCache(tmp_path)


def test_a_cache_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    DiskCache(tmp_path).get("abcd", lambda: array_of(1))

    def refused(path):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refused)
    assert (DiskCache(tmp_path).get("abcd", lambda: array_of(2)) == 1).all()
