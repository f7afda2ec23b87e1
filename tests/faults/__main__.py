"""The long form: every fault that the tests make a part of; prints the table of docs/reliability.md.

    python -m tests.faults [--quick]

Takes about 20 minutes on two cores; exit code 1 where a column that must be 0 is not.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from bench.data.phantom import ensure_phantom
from tests.faults.flips import CHECKED, flip
from tests.faults.fuzzing import READERS
from tests.faults.inputs import data_sets, try_inputs
from tests.faults.kills import WORKS, kill_everywhere
from tests.faults.layouts import forms, own_data_set
from tests.faults.outcomes import OUTCOMES, Tally, judge
from tests.faults.pixels import VOLUMES, try_pixels
from tests.faults.runs import kill_runs

FLIPS, EXAMPLES = 1000, 2000


def kills() -> Iterator[tuple[str, Tally]]:
    for name, work in WORKS.items():
        tally = Tally()
        kill_everywhere(name, work, tally)
        yield f"kill -9 at every file operation: {name}", tally


def flips(tries: int) -> Iterator[tuple[str, Tally]]:
    for name, kind in CHECKED.items():
        tally = Tally()
        flip(kind, tries, tally)
        yield f"one flipped bit: {name}", tally


def inputs() -> Iterator[tuple[str, Tally]]:
    for name, data_set in data_sets().items():
        tally = Tally()
        with tempfile.TemporaryDirectory() as folder:
            try_inputs(data_set, ensure_phantom(data_set, Path(folder)), tally)
        yield f"bad files: {name}", tally


def own_inputs() -> Iterator[tuple[str, Tally]]:
    for layout, kind in forms():
        tally = Tally()
        with tempfile.TemporaryDirectory() as folder:
            try_inputs(own_data_set(Path(folder), layout, kind), Path(folder), tally)
        yield f"bad files: layout {layout}, {kind}", tally


def pixels() -> Iterator[tuple[str, Tally]]:
    for name, data_set in data_sets().items():
        if name in VOLUMES:
            continue
        tally = Tally()
        with tempfile.TemporaryDirectory() as folder:
            try_pixels(data_set, ensure_phantom(data_set, Path(folder)), tally)
        yield f"other forms of images and masks: {name}", tally


def contents(examples: int) -> Iterator[tuple[str, Tally]]:
    for name, (strategy, read) in READERS.items():
        tally = Tally()
        with tempfile.TemporaryDirectory() as folder:
            _try_contents(strategy, partial(read, Path(folder)), examples, tally)
        yield f"made-up contents: {name}", tally


def _try_contents(strategy: SearchStrategy[Any], read: Callable[[Any], Any], examples: int, tally: Tally) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def try_one(content: Any) -> None:
        outcome, found = judge(lambda: read(content), lambda value: True)
        tally.add(outcome, f"{content!r:.200}: {found}")

    try_one()


def main() -> None:
    quick = "--quick" in sys.argv
    print("| fault | tried | " + " | ".join(OUTCOMES) + " |")
    print("|---|" + "---|" * (len(OUTCOMES) + 1))
    bad: list[str] = []
    parts = [
        kills(),
        flips(50 if quick else FLIPS),
        inputs(),
        own_inputs(),
        pixels(),
        contents(50 if quick else EXAMPLES),
    ]
    for part in [*parts, *([] if quick else [kill_runs()])]:
        for name, tally in part:
            print(tally.row(name), flush=True)
            bad += tally.bad
    print("\n".join(["", *bad[:50]]), file=sys.stderr)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
