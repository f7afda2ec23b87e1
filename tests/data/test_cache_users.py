"""Locks of running commands: what one uses, another does not delete; a killed one holds nothing."""

import os
from multiprocessing import get_context

import numpy as np

from bench.data import cache
from bench.data.cache import DiskCache

KIB = 1024 / 2**30


def array_of(value, kib=10):
    return np.full(kib * 1024, value, dtype=np.uint8)


def files(folder):
    return sorted(p.stem for p in folder.rglob("*.npy"))


def test_what_another_running_command_uses_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DECODED_GIB", str(25 * KIB))
    monkeypatch.setattr(cache, "FULL_SECONDS", 0.0)
    first = DiskCache(tmp_path)
    first.get("aaaa", lambda: array_of(1))
    os.utime(tmp_path / "aa" / "aaaa.npy", (first._user.start + 1,) * 2)
    second = DiskCache(tmp_path)
    second._user.start += 1000  # begun long after `first` touched its file
    second.get("bbbb", lambda: array_of(2))
    assert not isinstance(second.get("cccc", lambda: array_of(3)), np.memmap)
    assert files(tmp_path) == ["aaaa", "bbbb"]
    del first
    assert isinstance(second.get("cccc", lambda: array_of(3)), np.memmap)
    assert files(tmp_path) == ["bbbb", "cccc"]


def _hold_and_die(folder):
    cache = DiskCache(folder)
    cache.get("aaaa", lambda: array_of(1))
    os._exit(1)


def test_a_killed_command_holds_nothing(tmp_path):
    process = get_context("fork").Process(target=_hold_and_die, args=(tmp_path,))
    process.start()
    process.join()
    cache = DiskCache(tmp_path)
    cache.get("aaaa", lambda: array_of(1))
    assert len(list((tmp_path / "users").iterdir())) == 2
    assert cache._user.earliest() == cache._user.start
    assert len(list((tmp_path / "users").iterdir())) == 1
