"""What the command `run` does, from texts to a summary; the command line only prints it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.core import registry
from bench.core.cache_folder import default_cache
from bench.core.console import Report
from bench.results.boards import refresh_tables
from bench.results.index import read_frame
from bench.results.leaderboard import CONTESTANT, GROUP, board_of, to_frame
from bench.results.published import read_published
from bench.results.record import Record
from bench.results.store import Store, lines_of
from bench.runs.checks import check_places, check_request, lie_where_declared
from bench.runs.config import DEFAULT_BACKBONE
from bench.runs.plan import PlannedRun
from bench.runs.request import RunRequest
from bench.runs.studies.cells import plan_cells

if TYPE_CHECKING:
    from bench.runs.resolve import Options
    from bench.runs.run import Outcome
    from bench.runs.world import World


@dataclass(frozen=True)
class Runs:
    """What a grid of runs came to."""

    records: list[Record]
    """Of every cell, in the order of the grid, whether made now or before."""
    made: int
    """How many were made now."""
    board: pd.DataFrame
    """Rows of the leaderboard of these contestants; their rank counts everyone in the store."""
    files: list[Path]
    """CSV files of the leaderboard that these runs are in."""
    results: Path

    def cases(self) -> pd.DataFrame:
        """One row a test case of every run: what was run, `case`, and what the record keeps of it.

        Columns: method, task, protocol, backbone, seed, identity, case, and where the kind keeps them target,
        prediction (probabilities, boxes), domain, and `metric:NAME` of the case.

        Raises:
            StorageError: a file of the store is missing or was changed.
        """
        store = Store(self.results)
        names = ("method", "task", "protocol", "backbone", "seed", "identity")
        parts = [store.cases(r).assign(**{name: getattr(r, name) for name in names}) for r in self.records]
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*names, "case"])
        return table[[*names, *(c for c in table if c not in names)]]

    @property
    def opening(self) -> list[str]:
        """What is said before the board: that nothing was to be run, where nothing was."""
        return [] if self.made else ["Nothing to run: every run of this command is already stored."]

    @property
    def closing(self) -> list[str]:
        """What is said after the board: where the CSV files are."""
        return [f"Leaderboard: {f}" for f in self.files]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "made": self.made,
            "runs": [
                {"method": r.method, "task": r.task, "protocol": r.protocol, "seed": r.seed, "identity": r.identity}
                | {"metrics": r.metrics}
                for r in self.records
            ],
            "leaderboard": json.loads(self.board.to_json(orient="records")),
            "files": [str(f) for f in self.files],
        }


def execute(request: RunRequest, *, quiet: bool) -> Runs:
    """Plan, run what is missing, and regenerate the leaderboards.

    Raises:
        BenchError: before any work for wrong names, settings, data or folders; otherwise with finished runs kept.
    """
    report = Report(quiet=quiet)
    check_request(request)
    names = contestants_of(request, report)
    plans, notices = plan_cells(request, names)
    for line in notices:
        report.say(line)
    outcome = carry_out(plans, request, report)
    store = Store(request.results)
    frame, problems = read_frame(store, request.cache)
    own = {store.path(record) for record in outcome.records}
    for line in lines_of([problem for problem in problems if problem.path in own]):
        report.warn(line)
    files, refused = refresh_tables(request.results, frame)
    for line in (*read_published(request.results / "published")[1], *refused):
        report.warn(line)
    board = _rows_of(outcome.records, frame)
    return Runs(outcome.records, outcome.made, board, _files_of(outcome.records, files), request.results)


def carry_out(plans: Sequence[PlannedRun], request: RunRequest, report: Report) -> Outcome:
    """Run what is missing of a plan, on real data or, without a data root, on phantoms. Raises `BenchError`."""
    world, options = prepare_world(plans, request, report)
    from bench.runs.run import run_plan

    return run_plan(plans, options, world, report)


def prepare_world(plans: Sequence[PlannedRun], request: RunRequest, report: Report) -> tuple[World, Options]:
    """The data that a plan sees, and what holds for all its runs. Raises `UsageError` or `DataError`."""
    root = check_places(plans, request)
    cache = request.cache or default_cache()

    report.say("loading torch ...")
    from bench.engine.compute import Compute
    from bench.runs.resolve import Options
    from bench.runs.world import World

    data_sets = list({p.task.data.name: p.task.data for p in plans}.values())
    splits = dict.fromkeys((d.name for d in data_sets), request.split) if request.split else {}
    if root:
        world = World(root, report, given_splits=splits, cache=cache)
    elif lie_where_declared(data_sets):
        world = World.declared(data_sets, cache, report, splits)
    else:
        world = World.phantom(data_sets, cache, report, splits)
    compute = Compute(request.device, request.workers, request.compile)
    saved = (request.save_predictions, request.keep_model, request.log)
    options = Options(request.profile, request.corpus, request.results, cache, compute, *saved)
    return world, options


def contestants_of(request: RunRequest, report: Report) -> tuple[str, ...]:
    """Method names of a request, those of its weights included, which are opened and registered here.

    Raises:
        UsageError: a name that is taken, or what `bench.models.weights` finds wrong with a file.
    """
    if not request.checkpoints:
        return request.methods
    for name in request.methods:
        if name != "all":
            registry.methods().plugin(name)
    report.say("opening the weights ...")
    from bench.models.weights.contestants import register_checkpoints

    names = register_checkpoints(request.checkpoints, request.backbones, DEFAULT_BACKBONE[request.profile], report)
    return request.methods if "all" in request.methods else (*request.methods, *names)


def _rows_of(own: list[Record], frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the whole board that belong to contestants of this command (their rank counts everyone)."""
    contestants = to_frame(own)[GROUP + CONTESTANT].drop_duplicates()
    return board_of(frame).merge(contestants, on=GROUP + CONTESTANT)


def _files_of(own: list[Record], files: list[Path]) -> list[Path]:
    names = {f"{r.data}-{r.profile}" for r in own}
    return [f for f in files if f.stem in names]
