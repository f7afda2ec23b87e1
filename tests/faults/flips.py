"""One flipped bit in each kind of stored file: it is read as it was, made again, or refused."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.core.console import Report
from bench.results import index
from bench.results.boards import regenerate
from bench.results.index import index_file, read_frame
from bench.results.record import FileRecord
from bench.results.sharing.bundle import write_bundle
from bench.results.sharing.merge import merge
from bench.results.store import Store
from tests.faults.outcomes import Tally, judge
from tests.faults.stored import FILES, Stored
from tests.results.sharing.stores import whole_run
from tests.results.stores_of import add_run


def flip(kind: Stored, tries: int, tally: Tally, seed: int = 0) -> None:
    """Flip one random bit at a time, and judge what is read."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = kind.make(folder)
        whole = path.read_bytes()
        wanted = kind.read(folder, path)
        for _ in range(tries):
            at, bit = draw.randrange(len(whole)), draw.randrange(8)
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            outcome, found = judge(lambda: kind.read(folder, path), lambda value: value == wanted)
            tally.add(outcome, f"{path.name}, byte {at}, bit {bit}: {found}")
            path.write_bytes(whole)


def _store(folder: Path) -> Store:
    return Store(folder / "results")


def _record(folder: Path) -> Path:
    return _store(folder).path(add_run(_store(folder)))


def _read_record(folder: Path, path: Path) -> Any:
    return _store(folder).read(path).identity


def _cases(folder: Path) -> Path:
    return _record(folder).with_suffix(".parquet")


def _read_cases(folder: Path, path: Path) -> Any:
    store = _store(folder)
    return store.cases(store.read(path.with_suffix(".json"))).to_json()


def _split_of_record(folder: Path) -> Path:
    return folder / "results" / add_run(_store(folder)).split.file


def _read_split_of_record(folder: Path, path: Path) -> Any:
    (record,), _ = _store(folder).load()
    return _store(folder).rows(FileRecord(file=record.split.file, sha256=record.split.fingerprint))


def _index(folder: Path) -> Path:
    for seed in range(3):
        add_run(_store(folder), seed=seed)
    before, index.FROM_FILES = index.FROM_FILES, 1
    try:
        read_frame(_store(folder), folder / "cache")
    finally:
        index.FROM_FILES = before
    return index_file(_store(folder).results, folder / "cache")


def _read_index(folder: Path, path: Path) -> Any:
    before, index.FROM_FILES = index.FROM_FILES, 1
    try:
        return read_frame(_store(folder), folder / "cache")[0].drop(columns=["logged"]).to_json()
    finally:
        index.FROM_FILES = before


def _board(folder: Path) -> Path:
    add_run(_store(folder))
    return regenerate(_store(folder).results, folder / "cache").files[0]


def _read_board(folder: Path, path: Path) -> Any:
    regenerate(_store(folder).results, folder / "cache")
    return path.read_bytes()


def _bundle(folder: Path) -> Path:
    whole_run(folder / "results")
    return write_bundle(folder / "results", folder / "a.zip", Report(quiet=True)).path


def _read_bundle(folder: Path, path: Path) -> Any:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        merge([path], Path(place), Report(quiet=True))
        files = [p for p in Path(place).rglob("*") if p.is_file()]
        return {p.relative_to(place).as_posix(): p.read_bytes() for p in files}


CHECKED: Mapping[str, Stored] = {
    "record": Stored(_record, _read_record),
    "cases of a record": Stored(_cases, _read_cases),
    "split of a record": Stored(_split_of_record, _read_split_of_record),
    "bundle of results": Stored(_bundle, _read_bundle),
    "index of records": Stored(_index, _read_index),
    "leaderboard": Stored(_board, _read_board),
    **FILES,
}
"""Kinds with a digest, and those that are made again from others."""
