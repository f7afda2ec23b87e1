"""What a worker of a Ray cluster does with one unit: plan the grid again from the request, and carry the unit out."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.console import Report
from bench.core.errors import BenchError, UsageError
from bench.core.registry import tasks
from bench.core.settings import Overrides, TunedRecord
from bench.engine.process import prepare_process
from bench.runs.checks import check_request
from bench.runs.engines.local import LocalEngine
from bench.runs.engines.ray_progress import SentReport
from bench.runs.engines.unit import Result, units_of
from bench.runs.plan import PlannedRun
from bench.runs.request import RunRequest, declared_tasks
from bench.runs.resolve import Options, ResolvedRun, resolve_all
from bench.runs.run import open_caches
from bench.runs.world import World

ENVIRONMENT = "BENCH_"
"""Variables that begin with this hold in workers as in the command."""


Prepare = Callable[[Sequence[PlannedRun], RunRequest, Report], tuple[World, Options]]
"""`session.prepare_world`, sent as `session.contestants_of` is: the session knows engines, not they it."""


@dataclass(frozen=True)
class Cell:
    """A `PlannedRun` as it can be sent: its task by name."""

    method: str
    task: str
    protocol: str
    backbone: str
    seed: int
    overrides: Overrides
    tuned: TunedRecord | None
    profile: str
    corpus: str

    @classmethod
    def of(cls, plan: PlannedRun) -> Cell:
        """What is sent of a planned run."""
        return cls(**vars(plan) | {"task": plan.task.name})

    def planned(self) -> PlannedRun:
        """The run again, where plugins and files are registered."""
        return PlannedRun(**vars(self) | {"task": tasks().get(self.task)})


@dataclass(frozen=True)
class Grid:
    """The whole of a grid, sent once."""

    request: RunRequest
    cells: tuple[Cell, ...]
    folder: Path
    """Which relative paths of the request are relative to."""
    environment: Mapping[str, str]
    register: Callable[[RunRequest, Report], object]
    """Registers the weights of a request as contestants."""
    prepare: Prepare

    @classmethod
    def of(cls, request: RunRequest, plans: Sequence[PlannedRun], register: Any, prepare: Prepare) -> Grid:
        """What is sent of a command."""
        variables = {name: value for name, value in os.environ.items() if name.startswith(ENVIRONMENT)}
        return cls(request, tuple(map(Cell.of, plans)), Path.cwd(), variables, register, prepare)


def carry_out_unit(
    grid: Grid, identities: Sequence[str], numbers: Sequence[int], cpus: int, events: Any
) -> list[Result]:
    """The results of some runs, which are the cells of these numbers and have these identities.

    Raises:
        BenchError: this machine does not see what the command sees.
    """
    import torch

    prepare_process()
    torch.set_num_threads(cpus)
    os.environ.update(grid.environment)
    report = SentReport(events, worker_name())
    if not grid.folder.is_dir():
        raise UsageError(
            f"{socket.gethostname()} has no folder {grid.folder}. Start the command in a folder that all nodes share."
        )
    with chdir(grid.folder):
        engine, runs = _prepared(grid, numbers, report)
        _require_same(runs, identities)
        return list(engine.carry_out(units_of(runs)))


def worker_name() -> str:
    """This worker, for people."""
    return f"{socket.gethostname()} {os.getpid()}"


def _prepared(grid: Grid, numbers: Sequence[int], report: SentReport) -> tuple[LocalEngine, list[ResolvedRun]]:
    """The engine and the runs; the data are those of the whole grid, for a corpus may be drawn from all of them."""
    request = grid.request
    check_request(request)
    declared_tasks(request.data, request.data_root)
    grid.register(request, report)
    plans = [cell.planned() for cell in grid.cells]
    world, options = grid.prepare(plans, request, report)
    decoded, embeddings = open_caches(options, world, report)
    runs = resolve_all([plans[number] for number in numbers], options, world, decoded)
    return LocalEngine(options, world, embeddings, report), runs


def _require_same(runs: Sequence[ResolvedRun], identities: Sequence[str]) -> None:
    """Raise `BenchError` where a run is another one on this machine than on that of the command."""
    for run, identity in zip(runs, identities, strict=True):
        if run.identity != identity:
            raise BenchError(
                f"{run.plan} is another run on {socket.gethostname()}: its data, plugins or version of this program "
                "differ from those of the command. Install and mount the same on all nodes."
            )
