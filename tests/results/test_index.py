"""The index of a store: the same frame as without, read again where files changed, and never needed."""

import os

import pandas as pd
import pytest

from bench.data import cache as data_cache
from bench.results import index
from bench.results.index import index_file, read_frame
from bench.results.leaderboard import to_frame
from bench.results.store import Store
from tests.records_of import CASES, consistent, record


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(index, "FROM_FILES", 3)
    store = Store(tmp_path / "results")
    for seed in range(4):
        store.add(consistent(record(seed=seed, score=0.1 * seed)), CASES)
    return store


def counted(monkeypatch):
    read: list[str] = []
    original = Store.read
    monkeypatch.setattr(Store, "read", lambda self, path: (read.append(path.name), original(self, path))[1])
    return read


def test_frame_is_that_of_the_records(store, tmp_path):
    records, _ = store.load()
    frame, problems = read_frame(store, tmp_path / "cache")
    assert problems == []
    pd.testing.assert_frame_equal(frame.drop(columns="path"), to_frame(records))
    assert [store.runs / path for path in frame["path"]] == [store.path(r) for r in records]
    again, _ = read_frame(store, tmp_path / "cache")
    pd.testing.assert_frame_equal(again, frame)


def test_only_changed_files_are_read_again(store, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    read_frame(store, cache)
    read = counted(monkeypatch)
    read_frame(store, cache)
    assert read == []
    changed = consistent(record(seed=1, score=0.9))
    store.path(changed).unlink()
    store.add(changed, CASES)
    store.add(consistent(record(seed=7)), CASES)
    store.path(consistent(record(seed=0))).unlink()
    frame, _ = read_frame(store, cache)
    assert sorted(read) == sorted(store.path(consistent(record(seed=s))).name for s in (1, 7))
    assert sorted(frame["seed"]) == [1, 2, 3, 7]
    assert frame.set_index("seed")["score"][1] == 0.9


def test_a_changed_table_of_cases_is_noticed(store, tmp_path):
    read_frame(store, tmp_path / "cache")
    path = store.path(consistent(record(seed=2))).with_suffix(".parquet")
    path.write_bytes(CASES[:-1] + b"?")
    os.utime(path, ns=(1, 1))
    frame, problems = read_frame(store, tmp_path / "cache")
    assert sorted(frame["seed"]) == [0, 1, 3]
    assert "is not the one that it was stored with" in problems[0].reason


@pytest.mark.parametrize("content", [b"", b"PAR1 no index", CASES])
def test_a_damaged_index_is_made_again(store, tmp_path, content, monkeypatch):
    cache = tmp_path / "cache"
    before, _ = read_frame(store, cache)
    index_file(store.results, cache).write_bytes(content)
    frame, _ = read_frame(store, cache)
    pd.testing.assert_frame_equal(frame, before)
    read = counted(monkeypatch)
    read_frame(store, cache)
    assert read == []


def test_an_index_that_cannot_be_written_is_done_without(store, tmp_path):
    (tmp_path / "cache").write_text("a file, no folder")
    assert len(read_frame(store, tmp_path / "cache")[0]) == 4


def test_small_stores_have_none_and_cleaning_deletes_it(store, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    read_frame(store, cache)
    assert index_file(store.results, cache).exists()
    data_cache.clean(cache)
    assert not index_file(store.results, cache).exists()
    monkeypatch.setattr(index, "FROM_FILES", 100)
    read_frame(store, cache)
    assert not index_file(store.results, cache).exists()


def test_hidden_files_and_a_store_that_is_not_there(tmp_path):
    frame, problems = read_frame(Store(tmp_path / "none"))
    assert frame.empty
    assert problems == []


def test_many_files_are_shared_among_processes(store, tmp_path, monkeypatch):
    alone = sorted(index.read_rows(store, [p for p, _ in index._stamps(store.runs)]))
    monkeypatch.setattr(index, "SHARED_FROM", 2)
    monkeypatch.setattr(index.os, "cpu_count", lambda: 3)
    path = store.path(consistent(record(seed=3)))
    path.with_suffix(".parquet").unlink()
    shared = sorted(index.read_rows(store, [p for p, _ in index._stamps(store.runs)]))
    assert shared[:3] == alone[:3]
    assert shared[3][1] is None
    monkeypatch.setattr(index.sys, "executable", "/bin/false")
    assert sorted(index.read_rows(store, [p for p, _ in index._stamps(store.runs)])) == shared
