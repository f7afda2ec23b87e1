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
from bench.data import cache as cache_module
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


DAMAGE = {
    "no array": lambda content: b"\x93NUMPY not an array",
    "zeroed after the header": lambda content: content[:128] + bytes(len(content) - 128),
    "a zeroed block": lambda content: content[:4096] + bytes(4096) + content[8192:],
    "one flipped bit": lambda content: content[:5000] + bytes([content[5000] ^ 4]) + content[5001:],
    "no digest, as of earlier versions": lambda content: content[:-32],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_made_again_with_one_warning(tmp_path, capsys, damage):
    for key in ("abcd", "abce"):
        DiskCache(tmp_path).get(key, lambda: array_of(1))
        path = tmp_path / "ab" / f"{key}.npy"
        path.write_bytes(DAMAGE[damage](path.read_bytes()))
    cache = DiskCache(tmp_path, Report())
    for key in ("abcd", "abce"):
        assert (cache.get(key, lambda: array_of(2)) == 2).all()
    warnings = capsys.readouterr().err.splitlines()
    again = "is damaged. It is made again, and so is whatever else is damaged there."
    assert warnings == [f"Warning: {tmp_path / 'ab' / 'abcd.npy'} {again}"]
    assert (DiskCache(tmp_path, Report()).get("abcd", lambda: array_of(3)) == 2).all()
    assert capsys.readouterr().err == ""


def test_an_array_in_the_place_of_another_is_made_again(tmp_path):
    DiskCache(tmp_path).get("abcd", lambda: array_of(1))
    (tmp_path / "ab" / "abcd.npy").rename(tmp_path / "ab" / "abce.npy")
    assert (DiskCache(tmp_path).get("abce", lambda: array_of(2)) == 2).all()


def test_a_file_is_checked_once(tmp_path, monkeypatch):
    DiskCache(tmp_path).get("abcd", lambda: array_of(1))
    checked = []
    monkeypatch.setattr(cache_module, "require_sealed", lambda path, name: checked.append(name))
    cache = DiskCache(tmp_path)
    for key in ("abcd", "abcd", "bbbb", "bbbb"):
        cache.get(key, lambda: array_of(1))
    assert checked == ["abcd", "bbbb"]


def test_a_cache_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    DiskCache(tmp_path).get("abcd", lambda: array_of(1))

    def refused(path):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refused)
    assert (DiskCache(tmp_path).get("abcd", lambda: array_of(2)) == 1).all()


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


class Listed(DiskCache):
    """Counts how often its folder is listed."""

    listed = 0

    def _files(self):
        self.listed += 1
        return super()._files()


def test_a_full_folder_is_not_listed_for_every_array(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DECODED_GIB", str(35 * KIB))
    cache = Listed(tmp_path)
    for number in range(50):
        cache.get(f"{number:04d}", lambda: array_of(1))
    assert cache.listed == 2, "when it was made, and when the bound was reached"
    assert len(files(tmp_path)) == 3
    clean_enough = cache.get("small", lambda: array_of(1, kib=1))
    assert isinstance(clean_enough, np.memmap), "what still fits is kept"
    monkeypatch.setattr(cache_module, "FULL_SECONDS", -1.0)
    cache._full_until = 0.0
    cache.get("5000", lambda: array_of(1))
    cache.get("5001", lambda: array_of(1))
    assert cache.listed == 4, "it may have room again later"


def test_room_is_made_for_many_arrays_at_once(tmp_path, monkeypatch):
    for number in range(40):
        DiskCache(tmp_path).get(f"{number:04d}", lambda: array_of(1, kib=1))
    for path in tmp_path.rglob("*.npy"):
        os.utime(path, (1.0, 1.0))
    monkeypatch.setenv("BENCH_DECODED_GIB", str(46 * KIB))
    monkeypatch.setattr(cache_module, "FREED_SHARE", 0.25)
    cache = Listed(tmp_path)
    for number in range(100, 110):
        assert isinstance(cache.get(f"{number:04d}", lambda: array_of(1, kib=1)), np.memmap)
    assert cache.listed == 2


def test_what_never_fits_deletes_nothing(tmp_path, monkeypatch):
    DiskCache(tmp_path).get("aaaa", lambda: array_of(1))
    os.utime(tmp_path / "aa" / "aaaa.npy", (1.0, 1.0))
    monkeypatch.setenv("BENCH_DECODED_GIB", str(20 * KIB))
    DiskCache(tmp_path).get("bbbb", lambda: array_of(1, kib=30))
    assert files(tmp_path) == ["aaaa"]


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
    assert (count, size) == (1, 10 * 1024 + 128 + 32)
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
