"""Kill -9 during whole runs: the same command afterwards gives the record that an undisturbed one gives."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bench
from bench.evaluation.protocols import PROTOCOLS
from bench.results.store import Store
from tests.faults.kills import killed_child
from tests.faults.outcomes import RIGHT, WRONG, Tally, judge

SETTINGS = {
    "pretrain.epochs": 2,
    "pretrain.image_size": 32,
    "pretrain.batch_size": 16,
    "task.image_size": 32,
    "protocol.epochs": 2,
}
STEPS = {"random": 61, "simclr": 251}
"""Of the file operations of a run, every one of these is tried; by method."""


def run(folder: Path, method: str, protocol: str) -> None:
    unused = () if PROTOCOLS[protocol].trained else ("protocol.epochs",)
    bench.run(
        method,
        "brain_tumor",
        protocols=protocol,
        seeds=1,
        results=folder / "results",
        cache=folder / "cache",
        device="cpu",
        workers=0,
        quiet=True,
        settings={name: value for name, value in SETTINGS.items() if name not in unused},
    )


def score(folder: Path) -> Any:
    records, problems = Store(folder / "results").load()
    assert problems == []
    found = [(r.identity, r.metrics, r.cases.sha256, json.dumps(r.logged)) for r in records]
    return found or None


def kill_run(method: str, protocol: str, tally: Tally, step: int) -> int:
    """Kill one run at every `step`-th file operation, run it again, compare; how many operations it had, about."""
    with tempfile.TemporaryDirectory() as whole:
        run(Path(whole), method, protocol)
        wanted = score(Path(whole))
    at = 0
    while True:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            if not killed_child(lambda place=place: run(place, method, protocol), place, at):
                return at
            after, found = judge(lambda place=place: score(place), lambda value: value in (None, wanted))
            if after == RIGHT:
                run(place, method, protocol)
                after, found = judge(lambda place=place: score(place), lambda value: value == wanted)
            tally.add(RIGHT if after == RIGHT else WRONG, f"{method}, operation {at}: {after}: {found}")
        at += step


def kill_runs() -> Iterator[tuple[str, Tally]]:
    """Runs with and without pretraining."""
    for method, protocol in (("random", "knn"), ("simclr", "linear")):
        tally = Tally()
        kill_run(method, protocol, tally, STEPS[method])
        yield f"kill -9 during a run: {method}, {protocol}", tally
