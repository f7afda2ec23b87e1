"""The story of a run: resolve, pretrain or reuse a checkpoint, adapt, score, store."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import nn

from bench.core.cache_folder import CHECKPOINTS, encoder_folder, log_folder
from bench.core.console import Report
from bench.core.files import require_writable, sweep
from bench.data.cache import ADAPTATIONS, EMBEDDINGS, FOLDER, DiskCache
from bench.data.contract.tasks import require_samples
from bench.engine.compute import pick_device, slowness
from bench.engine.kept import name_contents
from bench.engine.logs.place import LogPlace
from bench.engine.resume import RESUME_FILE
from bench.engine.seeding import seed_all
from bench.evaluation.evaluate import Job, evaluate
from bench.evaluation.pictures.sheet import write_contact_sheet
from bench.evaluation.protocols import PROTOCOLS
from bench.models.build import build_backbone
from bench.models.checkpoints import ENCODER_FILE, load_encoder
from bench.results.index import read_frame
from bench.results.record import Record
from bench.results.store import PREDICTIONS, Store, lines_of
from bench.runs.kept.model_file import keep_model, model_path
from bench.runs.plan import PlannedRun
from bench.runs.pretraining.job import PretrainingJob, encoder_file
from bench.runs.recording.record import Finished, Pretrained, make_record, notes_of
from bench.runs.recording.seen import notes_of_seen, warn_of_other_pasts
from bench.runs.resolve import Options, ResolvedRun, resolve_all
from bench.runs.studies.costs import seconds_of
from bench.runs.tuned import warn_of_tuning
from bench.runs.world import World

MOST_READ = 500
"""Records that the time left is estimated from."""


@dataclass(frozen=True)
class Outcome:
    """Records of a plan, in its order, and how many of them were made now."""

    records: list[Record]
    made: int


def run_plan(plans: Sequence[PlannedRun], options: Options, world: World, report: Report) -> Outcome:
    """Run what is missing from the store, one run after the other; finished runs survive whatever happens later.

    Raises:
        BenchError: with the reason; runs that were stored before it are kept.
    """
    store = Store(options.results)
    if not store.there:  # one that is there may be read, where nothing has to be run
        store.require_writable()
    decoded, embeddings = open_caches(options, world, report)
    runs = resolve_all(plans, options, world, decoded)
    frame = _stored_frame(store, options, report)
    known = _read(store, frame[frame["identity"].isin({run.identity for run in runs})] if len(frame) else frame)
    missing = list({run.identity: run for run in runs if run.identity not in known}.values())
    if missing:
        store.require_writable()
        for place in (options.results, options.cache / CHECKPOINTS):
            sweep(place)
    stored_runs = sum(run.identity in known for run in runs)
    if stored_runs:
        report.say(f"{stored_runs} of {len(runs)} runs are already in {store.runs} and are not repeated.")
        say_what_is_not_made_again([run for run in runs if run.identity in known], options, known, report)
    warn_of_precision(missing, options, report)
    for note in dict.fromkeys(n for run in missing for n in world.copies_note(run.plan.task.data, run.plan.seed)):
        report.warn(note)
    for note in dict.fromkeys(note for run in missing for note in notes_of_seen(run, world)):
        report.warn(note)
    warn_of_other_pasts(runs, known, report)
    warn_of_tuning(runs, known, world, report)
    for run in {run.plan.task.name: run for run in missing}.values():
        require_samples(run.plan.task, world.split(run.plan.task.data, run.plan.seed))
    with report.live(), report.stage("runs", len(missing), costs=_costs(store, frame, missing, options)) as advance:
        for run in missing:
            finished = _run(run, options, world, embeddings, report)
            report.say(f"stored {store.add(finished.record, finished.cases)}")
            shutil.rmtree(unfinished(run.identity, options).parent, ignore_errors=True)
            known[run.identity] = finished.record
            advance("")
    return Outcome([known[run.identity] for run in runs], len(missing))


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


def open_caches(options: Options, world: World, report: Report) -> tuple[DiskCache, DiskCache]:
    """The caches of decoded images and of embeddings. Raises `StorageError` or `UsageError` before any work."""
    for folder in ("", CHECKPOINTS, ADAPTATIONS, EMBEDDINGS, FOLDER):
        require_writable(options.cache / folder, "cache")
    pick_device(options.compute.device)
    decoded = world.decoded or DiskCache(options.cache / FOLDER, report)
    return decoded, DiskCache(options.cache / EMBEDDINGS, report, "embedded")


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


def _costs(store: Store, frame: pd.DataFrame, missing: Sequence[ResolvedRun], options: Options) -> list[float | None]:
    """The seconds that each run should take, by stored records of its method or task on its backbone."""
    if frame.empty or not missing:
        return []
    names = {column: {getattr(run.plan, column) for run in missing} for column in ("method", "backbone")}
    tasks = {run.plan.task.name for run in missing}
    near = frame[frame["backbone"].isin(names["backbone"])]
    near = near[near["method"].isin(names["method"]) | near["task"].isin(tasks)].tail(MOST_READ)
    trained = [run for run in missing if run.corpus is not None]
    there = [run for run in trained if (checkpoint_folder(run, options.cache) / ENCODER_FILE).is_file()]
    return seconds_of(missing, _read(store, near).values(), {run.hashes["checkpoint"] for run in there})


def warn_of_precision(runs: Sequence[ResolvedRun], options: Options, report: Report) -> None:
    """One warning where a run takes images through a network in bfloat16 on a processor without such instructions."""
    pretraining = [run.config.pretrain for run in runs if run.corpus]
    embedded = [run.kind.pooled_only and PROTOCOLS[run.plan.protocol].frozen for run in runs]
    adaptation = [run.config.protocol for run, once in zip(runs, embedded, strict=True) if not once]
    mixed = any(getattr(s, "precision", None) == "bf16-mixed" for s in (*pretraining, *adaptation))
    if mixed and (reason := slowness(pick_device(options.compute.device))):
        report.warn(reason)


def _run(run: ResolvedRun, options: Options, world: World, embeddings: DiskCache, report: Report) -> Finished:
    report.say(f"{run.plan}")
    backbone, pretrained = pretrained_backbone(run, options, report)
    place = run.place(world.data(run.plan.task.data).kind)
    save = None
    if options.save_predictions:
        save = options.results / PREDICTIONS / place
    split = world.split(run.plan.task.data, run.plan.seed)
    protocol = PROTOCOLS[run.plan.protocol]
    contents = name_contents(world.data(run.plan.task.data))
    log = LogPlace(log_folder(place, options.cache), str(run.plan), run.identity, options.log, run.config.sections)
    names = (run.plan.seed, run.plan.backbone, run.identity)
    job = Job(run.kind, protocol, run.config.protocol, split, contents, *names, log)
    evaluation = evaluate(job, backbone, options.compute, embeddings, report, save, unfinished(run.identity, options))
    for note in notes_of(evaluation):
        report.warn(note)
    if save is not None:
        write_contact_sheet(run.kind, split.test, evaluation.adaptation.predictions, save)
    finished = make_record(run, evaluation, pretrained, options, world)
    record = finished.record
    if options.keep_model:
        kept = keep_model(record, run.plan.task.data.classes, evaluation, options.results)
        report.say(f"  kept the adapted model: {kept}")
    score = record.metrics[record.metric]
    shown = "undefined" if score is None else f"{score:.4f}"
    report.say(f"  {record.metric} {shown} on {record.split.test} test cases")
    if save is not None and save.exists():
        report.say(f"  predictions: {save}")
    return finished


def unfinished(identity: str, options: Options) -> Path:
    """Where a long adaptation keeps its state until its record is stored."""
    return options.cache / ADAPTATIONS / identity[:16] / RESUME_FILE


def checkpoint_folder(run: ResolvedRun, cache: Path) -> Path:
    """Where the pretrained encoder of a run lies."""
    return encoder_folder(run.plan.method, run.hashes["checkpoint"], cache)


def pretrained_backbone(run: ResolvedRun, options: Options, report: Report) -> tuple[nn.Module, Pretrained]:
    """Build the run's encoder: initial weights, a file's, a checkpoint of the same identity, or a new pretraining."""
    seed_all(run.plan.seed)
    backbone = build_backbone(run.plan.backbone)
    if run.corpus is None:
        weights = run.method.initialise(backbone)
        return run.method.substitute(backbone), Pretrained(weights=weights)
    job = PretrainingJob(
        run.method,
        run.plan.method,
        run.plan.backbone,
        run.corpus,
        run.config.pretrain,
        run.plan.seed,
        run.hashes["checkpoint"],
        run.decoded,
        options.log,
    )
    provenance = load_encoder(encoder_file(job, options.cache, options.compute, report), backbone)
    return backbone, Pretrained(provenance["cost"], provenance["logged"])
