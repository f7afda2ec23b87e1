"""The story of one run: pretrain or reuse a checkpoint, adapt, score, make the record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from bench.core.cache_folder import CHECKPOINTS, encoder_folder
from bench.core.console import Report
from bench.core.files import require_writable
from bench.data.cache import ADAPTATIONS, EMBEDDINGS, FOLDER, DiskCache
from bench.engine.compute import pick_device, slowness
from bench.engine.kept import name_contents
from bench.engine.resume import RESUME_FILE
from bench.engine.seeding import seed_all
from bench.evaluation.evaluate import Job, evaluate
from bench.evaluation.pictures.sheet import write_contact_sheet
from bench.evaluation.protocols import PROTOCOLS
from bench.models.build import build_backbone
from bench.models.checkpoints import load_encoder
from bench.results.store import PREDICTIONS
from bench.runs.kept.model_file import keep_model
from bench.runs.pretraining.job import PretrainingJob, encoder_file
from bench.runs.recording.record import Finished, Pretrained, make_record, notes_of
from bench.runs.resolve import Options, ResolvedRun
from bench.runs.world import World


def open_caches(options: Options, world: World, report: Report) -> tuple[DiskCache, DiskCache]:
    """The caches of decoded images and of embeddings. Raises `StorageError` or `UsageError` before any work."""
    for folder in ("", CHECKPOINTS, ADAPTATIONS, EMBEDDINGS, FOLDER):
        require_writable(options.cache / folder, "cache")
    pick_device(options.compute.device)
    decoded = world.decoded or DiskCache(options.cache / FOLDER, report)
    return decoded, DiskCache(options.cache / EMBEDDINGS, report, "embedded")


def warn_of_precision(runs: Sequence[ResolvedRun], options: Options, report: Report) -> None:
    """One warning where a run takes images through a network in bfloat16 on a processor without such instructions."""
    pretraining = [run.config.pretrain for run in runs if run.corpus]
    embedded = [run.kind.pooled_only and PROTOCOLS[run.plan.protocol].frozen for run in runs]
    adaptation = [run.config.protocol for run, once in zip(runs, embedded, strict=True) if not once]
    mixed = any(getattr(s, "precision", None) == "bf16-mixed" for s in (*pretraining, *adaptation))
    if mixed and (reason := slowness(pick_device(options.compute.device))):
        report.warn(reason)


def evaluate_run(
    run: ResolvedRun,
    encoder: tuple[nn.Module, Pretrained],
    options: Options,
    world: World,
    embeddings: DiskCache,
    report: Report,
) -> Finished:
    """Evaluate the encoder of a run, see `pretrained_backbone`, under its protocol, and make the record."""
    backbone, pretrained = encoder
    place = run.place(world.data(run.plan.task.data).kind)
    save = options.results / PREDICTIONS / place if options.save_predictions else None
    split = world.split(run.plan.task.data, run.plan.seed)
    protocol = PROTOCOLS[run.plan.protocol]
    contents = name_contents(world.data(run.plan.task.data))
    job = Job(run.kind, protocol, run.config.protocol, split, contents, run.plan.seed, run.plan.backbone, run.identity)
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
    )
    provenance = load_encoder(encoder_file(job, options.cache, options.compute, report), backbone)
    return backbone, Pretrained(provenance["cost"], provenance["logged"])
