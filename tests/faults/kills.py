"""Kill -9 at every file operation: afterwards the old value is there or the new one, and the next try succeeds."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.core.console import Report
from bench.core.task import Case
from bench.data.cache import DiskCache
from bench.data.splits import make_split, write_split
from bench.engine.resume import StateFile
from bench.models.checkpoints import load_encoder, save_encoder
from bench.results.boards import regenerate
from bench.results.companions import SplitFiles
from bench.results.index import read_frame
from bench.results.store import Store
from tests.faults.outcomes import RIGHT, WRONG, Tally, judge
from tests.results.stores_of import add_run

OPERATIONS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.utime", "os.link")
"""Audit events of Python that touch files."""


@dataclass(frozen=True)
class Work:
    """Something that is written, and how it is read again."""

    write: Callable[[Path], object]
    read: Callable[[Path], Any]
    """None where nothing is stored yet."""


def killed_child(work: Callable[[], object], folder: Path, at: int) -> bool:
    """Run `work` in a forked process that dies at operation number `at` below a folder; whether it came to that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which do nothing here
        child = os.fork()
    if child == 0:
        seen = 0
        inside = str(folder)

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            if event in OPERATIONS and any(str(a).startswith(inside) for a in arguments if isinstance(a, str | Path)):
                seen += 1
                if seen > at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the child ended with {status}")
    return status != 0


def kill_everywhere(name: str, work: Work, tally: Tally, step: int = 1) -> int:
    """Kill at each operation, or each `step`-th; read, write again, read again. Returns how many there were."""
    with tempfile.TemporaryDirectory() as whole:
        work.write(Path(whole))
        wanted = work.read(Path(whole))
    at = 0
    while True:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            if not killed_child(lambda place=place: work.write(place), place, at):
                return at
            after, found = judge(lambda place=place: work.read(place), lambda v: v is None or v == wanted)
            if after == RIGHT:
                work.write(place)
                after, found = judge(lambda place=place: work.read(place), lambda v: v == wanted)
            tally.add(RIGHT if after == RIGHT else WRONG, f"{name}, operation {at}: {after}: {found}")
        at += step


def _record(folder: Path) -> Any:
    records, problems = Store(folder / "results").load()
    assert problems == []
    return [r.identity for r in records] or None


def _write_record(folder: Path) -> None:
    add_run(Store(folder / "results"), seed=0)


def _split(folder: Path) -> None:
    cases = [Case(f"{name}.png", Path(name), 0, None) for name in "abcd"]
    write_split(make_split(cases[:2], cases[2:3], cases[3:], 0), folder / "splits" / "s.csv")
    SplitFiles(folder, "splits/s").write_subjects({"a.png": "p", "b.png": "q"})


def _read_split(folder: Path) -> Any:
    found = {p.name: p.read_text() for p in (folder / "splits").glob("[!.]*")} if (folder / "splits").exists() else {}
    return found if len(found) == 2 else None


def _encoder() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def _write_encoder(folder: Path) -> None:
    save_encoder(folder / "encoder.safetensors", _encoder(), {"identity": "a"})


def _read_encoder(folder: Path) -> Any:
    path = folder / "encoder.safetensors"
    if not path.exists():
        return None
    into = nn.Linear(3, 2)
    return load_encoder(path, into), into.weight.tolist()


def _states(folder: Path) -> StateFile:
    return StateFile(folder / "last.ckpt", "a", "pretraining", Report(quiet=True))


def _write_state(folder: Path) -> None:
    for epoch in (1, 2):
        _states(folder).save({"epoch": epoch, "w": torch.full((4,), float(epoch))})


def _read_state(folder: Path) -> Any:
    state = _states(folder).load()
    if state is None:
        return None
    assert state["w"].tolist() == [float(state["epoch"])] * 4
    return state["epoch"] if state["epoch"] == 2 else None


def _write_array(folder: Path) -> None:
    DiskCache(folder / "decoded").get("ab" * 32, lambda: np.arange(100))


def _read_array(folder: Path) -> Any:
    return DiskCache(folder / "decoded").get("ab" * 32, lambda: np.arange(100)).tolist()


def _write_board(folder: Path) -> None:
    add_run(Store(folder / "results"), seed=0)
    add_run(Store(folder / "results"), seed=1)
    regenerate(folder / "results", folder / "cache")


def _read_board(folder: Path) -> Any:
    frame, problems = read_frame(Store(folder / "results"), folder / "cache")
    assert problems == []
    tables = folder / "results" / "leaderboard"
    texts = {p.name: p.read_text() for p in tables.glob("*.csv")} if tables.exists() else {}
    assert all(text.endswith("\n") for text in texts.values())
    return texts if len(frame) == 2 and len(texts) == 3 else None


WORKS: Mapping[str, Work] = {
    "a record and its cases": Work(_write_record, _record),
    "a split and the files beside it": Work(_split, _read_split),
    "an encoder": Work(_write_encoder, _read_encoder),
    "a state of unfinished training": Work(_write_state, _read_state),
    "a decoded array": Work(_write_array, _read_array),
    "leaderboards": Work(_write_board, _read_board),
}
