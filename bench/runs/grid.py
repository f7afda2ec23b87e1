"""A grid carried out: resolve it, leave out what is stored, have an engine make the rest, keep what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.core.cache_folder import CHECKPOINTS
from bench.core.console import Report
from bench.core.files import sweep
from bench.data.contract.tasks import require_samples
from bench.models.checkpoints import ENCODER_FILE
from bench.results.index import read_frame
from bench.results.record import Record
from bench.results.store import Store, lines_of
from bench.runs.engines.local import LocalEngine
from bench.runs.engines.parts import runs_of
from bench.runs.engines.shards import Part
from bench.runs.engines.unit import Done, Engine, Failure, failed, units_of
from bench.runs.kept.model_file import model_path
from bench.runs.plan import PlannedRun
from bench.runs.recording.seen import notes_of_seen, warn_of_other_pasts
from bench.runs.resolve import Options, ResolvedRun, resolve_all
from bench.runs.run import checkpoint_folder, open_caches, warn_of_precision
from bench.runs.studies.costs import seconds_of
from bench.runs.tuned import warn_of_tuning
from bench.runs.world import World

MOST_READ = 500
"""Records that the time left is estimated from."""
EVERYTHING = Part()


@dataclass(frozen=True)
class Outcome:
    """Records of a plan, in its order, how many of them were made now, and the runs that failed."""

    records: list[Record]
    made: int
    failures: tuple[Failure, ...] = ()


def run_plan(
    plans: Sequence[PlannedRun],
    options: Options,
    world: World,
    report: Report,
    engine: Callable[[Sequence[Record]], Engine] | None = None,
    part: Part = EVERYTHING,
    *,
    fail_fast: bool = False,
) -> Outcome:
    """Run what is missing of a grid, or of a part of it; finished runs survive whatever happens later.

    `engine` makes one of records that tell costs; default: `LocalEngine`. With `fail_fast` the first failure ends all.

    Raises:
        BenchError: before the first run, for what is wrong with the request, its data or its folders.
        StorageError: results can no longer be written.
    """
    store = Store(options.results)
    if not store.there:  # one that is there may be read, where nothing has to be run
        store.require_writable()
    decoded, embeddings = open_caches(options, world, report)
    runs = resolve_all(plans, options, world, decoded)
    frame = _stored_frame(store, options, report)
    near = list(_read(store, _near(frame, runs)).values())
    runs = runs_of(part, runs, near, report)
    known = _read(store, frame[frame["identity"].isin({run.identity for run in runs})] if len(frame) else frame)
    missing = list({run.identity: run for run in runs if run.identity not in known}.values())
    if missing:
        store.require_writable()
        for place in (options.results, options.cache / CHECKPOINTS):
            sweep(place)
    _say_what_is_known(runs, known, options, world, report)
    local = LocalEngine(options, world, embeddings, report, fail_fast=fail_fast)
    chosen = engine(near) if engine else local
    made, failures = 0, list[Failure]()
    with report.live(), report.stage("runs", len(missing), costs=_costs(near, missing, options)) as advance:
        for result in chosen.carry_out(units_of(missing)):
            if isinstance(result, Done):
                known[result.identity] = result.record
                made += result.made
            else:
                failures.append(result)
                if fail_fast:
                    raise failed(failures, len(missing))
            advance("")
    return Outcome([known[run.identity] for run in runs if run.identity in known], made, tuple(failures))


def _say_what_is_known(
    runs: Sequence[ResolvedRun], known: Mapping[str, Record], options: Options, world: World, report: Report
) -> None:
    """What is stored, and what a reader must know of the runs that are not."""
    missing = list({run.identity: run for run in runs if run.identity not in known}.values())
    stored = [run for run in runs if run.identity in known]
    if stored:
        place = Store(options.results).runs
        report.say(f"{len(stored)} of {len(runs)} runs are already in {place} and are not repeated.")
        say_what_is_not_made_again(stored, options, known, report)
    warn_of_precision(missing, options, report)
    for note in dict.fromkeys(n for run in missing for n in world.copies_note(run.plan.task.data, run.plan.seed)):
        report.warn(note)
    for note in dict.fromkeys(note for run in missing for note in notes_of_seen(run, world)):
        report.warn(note)
    warn_of_other_pasts(runs, known, report)
    warn_of_tuning(runs, known, world, report)
    for run in {run.plan.task.name: run for run in missing}.values():
        require_samples(run.plan.task, world.split(run.plan.task.data, run.plan.seed))


def say_what_is_not_made_again(
    stored: Sequence[ResolvedRun], options: Options, known: Mapping[str, Record], report: Report
) -> None:
    """What was asked for beside the scores of runs that are stored."""
    kept = [model_path(known[run.identity], options.results).is_file() for run in stored]
    if options.keep_model and not all(kept):
        report.warn(
            f"{kept.count(False)} stored runs kept no model, and --keep-model keeps those of new runs only; delete a "
            "run's record to make it again."
        )
    if options.save_predictions:
        report.warn(
            "Predictions are saved for new runs only: bench predict RUN --save-predictions makes those of a stored run "
            f"that kept its model ({kept.count(True)} of {len(kept)}); delete a run's record to make it again."
        )


def _stored_frame(store: Store, options: Options, report: Report) -> pd.DataFrame:
    """The frame of the records of a store; says which files in it are no records."""
    frame, problems = read_frame(store, options.cache)
    for line in lines_of(problems):
        report.warn(line)
    return frame


def _read(store: Store, frame: pd.DataFrame) -> dict[str, Record]:
    """Identity -> record of the rows of a frame."""
    paths = frame["path"] if len(frame) else ()
    return {record.identity: record for record in (store.read(store.runs / path) for path in paths)}


def _near(frame: pd.DataFrame, runs: Sequence[ResolvedRun]) -> pd.DataFrame:
    """The rows of records that tell what runs cost: of their method or task, on their backbone."""
    if frame.empty or not runs:
        return frame.head(0)
    names = {column: {getattr(run.plan, column) for run in runs} for column in ("method", "backbone")}
    tasks = {run.plan.task.name for run in runs}
    near = frame[frame["backbone"].isin(names["backbone"])]
    return near[near["method"].isin(names["method"]) | near["task"].isin(tasks)].tail(MOST_READ)


def _costs(near: Sequence[Record], missing: Sequence[ResolvedRun], options: Options) -> list[float | None]:
    """The seconds that each run should take, by stored records of its method or task on its backbone."""
    if not near or not missing:
        return []
    trained = [run for run in missing if run.corpus is not None]
    there = [run for run in trained if (checkpoint_folder(run, options.cache) / ENCODER_FILE).is_file()]
    return seconds_of(missing, near, {run.hashes["checkpoint"] for run in there})
