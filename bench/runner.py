"""The story of a run: resolve, pretrain or reuse a checkpoint, adapt, score, store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import registry
from bench.adapt import Adaptation, adapt
from bench.backbones import build_backbone
from bench.checkpoints import load_encoder
from bench.config import Overrides, RunConfig, resolve_config
from bench.corpora import Corpus
from bench.files import require_writable
from bench.identity import SCORE_VERSION, code_fingerprint, digest
from bench.interfaces import Case, Method, TaskKind
from bench.optim import pick_device
from bench.plan import PlannedRun
from bench.pretrain import Compute, Pretraining, find_encoder, pretrain
from bench.progress import Report
from bench.protocols import PROTOCOLS
from bench.provenance import collect
from bench.records import SCHEMA_VERSION, CaseScores, CorpusRecord, Record, SplitRecord
from bench.resnet import ResNetBackbone
from bench.seeding import seed_all
from bench.splits import write_split
from bench.store import Store
from bench.world import World


@dataclass(frozen=True)
class Options:
    """What holds for all runs of one command."""

    profile: str
    set_: Overrides
    corpus: str
    results: Path
    cache: Path
    compute: Compute


@dataclass(frozen=True)
class ResolvedRun:
    """A planned run with its settings, its corpus and its hashes."""

    plan: PlannedRun
    config: RunConfig
    method: Method
    kind: TaskKind
    corpus: Corpus | None
    hashes: dict[str, str]
    """config, data, code, evaluation, pretraining (equal for all seeds), checkpoint (this seed's pretraining)."""
    identity: str


@dataclass(frozen=True)
class Outcome:
    """Records of a plan, in its order, and how many of them were made now."""

    records: list[Record]
    made: int


def resolve(plan: PlannedRun, options: Options, world: World) -> ResolvedRun:
    """Settle settings, corpus and identity of a run. Raises `UsageError` or `DataError`."""
    config = resolve_config(plan.method, plan.task, plan.protocol, options.profile, plan.backbone, options.set_)
    method_class = registry.methods().get(plan.method)
    kind_class = registry.kinds().get(plan.task.kind)
    method = method_class(method_class.config_class.model_validate(config.method))
    kind = kind_class(plan.task, kind_class.settings_class.model_validate(config.task))
    data, split = world.data(plan.task.data), world.split(plan.task.data, plan.seed)
    corpus = world.corpus(options.corpus, plan.task.data, plan.seed) if method.pretrains else None
    code = {
        "score_version": SCORE_VERSION,
        "method": code_fingerprint(method_class),
        "kind": code_fingerprint(kind_class),
    }
    budget = config.pretrain.model_dump() if method.pretrains else {}
    training = [
        SCORE_VERSION,
        code["method"],
        plan.method,
        config.method,
        budget,
        plan.backbone,
        corpus and corpus.origin,
    ]
    evaluation = [
        SCORE_VERSION,
        code["kind"],
        plan.protocol,
        config.protocol.model_dump(),
        config.task,
        data.fingerprint,
    ]
    hashes = {
        "config": digest(config.model_dump()),
        "data": data.fingerprint,
        "code": digest(code),
        "pretraining": digest(training),
        "evaluation": digest([*evaluation, plan.task.metric, config.profile]),
        "checkpoint": digest([training, corpus and corpus.fingerprint, plan.seed]),
    }
    scored = [hashes["checkpoint"], hashes["evaluation"], split.fingerprint, plan.backbone, plan.seed]
    return ResolvedRun(plan, config, method, kind, corpus, hashes, digest(scored))


def run_plan(plans: Sequence[PlannedRun], options: Options, world: World, report: Report) -> Outcome:
    """Run what is missing from the store, one run after the other; finished runs survive whatever happens later.

    Raises:
        BenchError: with the reason; runs that were stored before it are kept.
    """
    store = Store(options.results)
    store.require_writable()
    require_writable(options.cache, "cache")
    runs = [resolve(plan, options, world) for plan in plans]
    stored, problems = store.load()
    for problem in problems:
        report.warn(str(problem))
    known = {record.identity: record for record in stored}
    missing = [run for run in runs if run.identity not in known]
    if len(missing) < len(runs):
        report.say(f"{len(runs) - len(missing)} of {len(runs)} runs are already in {store.runs} and are not repeated.")
    with report.live(), report.stage("runs", len(missing)) as advance:
        for run in missing:
            record = _run(run, options, world, report)
            report.say(f"stored {store.add(record)}")
            known[run.identity] = record
            advance("")
    return Outcome([known[run.identity] for run in runs], len(missing))


def _run(run: ResolvedRun, options: Options, world: World, report: Report) -> Record:
    report.say(f"{run.plan}")
    backbone, pretraining_cost = _pretrained_backbone(run, options, report)
    split = world.split(run.plan.task.data, run.plan.seed)
    protocol = PROTOCOLS[run.plan.protocol]
    settings = run.config.protocol
    adaptation = adapt(backbone, run.kind, split, protocol, settings, run.plan.seed, options.compute, report)
    record = _record(run, adaptation, pretraining_cost, options, world)
    report.say(f"  {record.metric} {record.metrics[record.metric]:.4f} on {record.split.test} test cases")
    return record


def _pretrained_backbone(run: ResolvedRun, options: Options, report: Report) -> tuple[ResNetBackbone, dict[str, float]]:
    """Build the run's encoder: initial weights, a checkpoint of the same identity, or a new pretraining."""
    seed_all(run.plan.seed)
    backbone = build_backbone(run.plan.backbone)
    if run.corpus is None:
        return backbone, {}
    identity = run.hashes["checkpoint"]
    folder = options.cache / "checkpoints" / run.plan.method / identity[:16]
    encoder = find_encoder(folder, identity)
    if encoder is None:
        training = Pretraining(
            run.method, run.plan.backbone, run.corpus, run.config.pretrain, run.plan.seed, options.compute
        )
        pretrain(training, folder, identity, _checkpoint_provenance(run), report)
        encoder = find_encoder(folder, identity)
    else:
        report.say(f"  reusing the {run.plan.method} encoder pretrained before: {encoder}")
    assert encoder is not None
    provenance = load_encoder(encoder, backbone)
    return backbone, provenance["cost"]


def _checkpoint_provenance(run: ResolvedRun) -> dict[str, Any]:
    assert run.corpus is not None
    return {
        "method": run.plan.method,
        "backbone": run.plan.backbone,
        "seed": run.plan.seed,
        "corpus": {"label": run.corpus.label, "fingerprint": run.corpus.fingerprint},
        "config": {"method": run.config.method, "pretrain": run.config.pretrain.model_dump()},
    }


def _record(
    run: ResolvedRun, adaptation: Adaptation, pretraining_cost: dict[str, float], options: Options, world: World
) -> Record:
    plan, task = run.plan, run.plan.task
    data, split = world.data(task.data), world.split(task.data, plan.seed)
    overlap = world.overlap(task.data, plan.seed)
    file = f"splits/{data.kind}/{task.data.name}-seed{plan.seed}-{split.fingerprint[:8]}.csv"
    write_split(split, options.results / file)
    clean = np.array([c.id not in set(overlap.affected_test_cases) for c in split.test])
    cost = {"pretrain": pretraining_cost} if pretraining_cost else {}
    return Record(
        schema_version=SCHEMA_VERSION,
        identity=run.identity,
        status="complete",
        profile=run.config.profile,
        data=data.kind,
        method=plan.method,
        backbone=plan.backbone,
        task=task.name,
        data_set=task.data.name,
        kind=task.kind,
        protocol=plan.protocol,
        seed=plan.seed,
        metric=task.metric,
        metrics=run.kind.score(split.test, adaptation.predictions),
        metrics_without_duplicates=_score_subset(run.kind, split.test, adaptation.predictions, clean),
        selection={"epoch": adaptation.best_epoch, f"validation_{task.metric}": adaptation.validation},
        duplicates=overlap.to_record(),
        split=SplitRecord(
            fingerprint=split.fingerprint,
            file=file,
            train=len(split.train),
            validation=len(split.validation),
            test=len(split.test),
        ),
        corpus=_corpus_record(run.corpus) if run.corpus else None,
        config=run.config.model_dump(exclude={"overrides"}),
        overrides=run.config.overrides,
        hashes=run.hashes,
        warnings=list(data.warnings),
        cost=cost | {"adapt": adaptation.cost},
        provenance=collect(pick_device(options.compute.device)),
        cases=CaseScores(
            id=[c.id for c in split.test],
            target=[c.target for c in split.test],
            prediction=np.round(adaptation.predictions, 5).tolist(),
        ),
    )


def _corpus_record(corpus: Corpus) -> CorpusRecord:
    return CorpusRecord(
        label=corpus.label,
        fingerprint=corpus.fingerprint,
        images=len(corpus.images),
        sources=dict(corpus.sources),
        excluded=corpus.excluded,
    )


def _score_subset(
    kind: TaskKind, cases: Sequence[Case], predictions: np.ndarray, keep: np.ndarray
) -> dict[str, float | None]:
    kept = [case for case, k in zip(cases, keep, strict=True) if k]
    return kind.score(kept, predictions[keep]) if kept else {}
