"""From an adapted model's predictions to the record of a run, and the files that it refers to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from bench.core.settings import WeightsRecord
from bench.core.task import Case
from bench.data.duplicates import Overlap
from bench.data.splits import SplitCases, write_split
from bench.engine.compute import pick_device
from bench.evaluation.adaptation import Adaptation
from bench.evaluation.evaluate import Evaluation
from bench.evaluation.health import Health
from bench.models.footprint import run_facts
from bench.pretraining.corpus import Corpus
from bench.pretraining.start import start_notes
from bench.results.case_table import case_table, file_hash, to_bytes
from bench.results.companions import SplitFiles
from bench.results.provenance import collect
from bench.results.record import (
    SCHEMA_VERSION,
    CasesRecord,
    CorpusRecord,
    DrawRecord,
    EmbeddingRecord,
    Record,
    SplitRecord,
    Versions,
)
from bench.runs.recording.scores import overall_scores, score_domains
from bench.runs.recording.seen import Seen, find_seen, seen_notes
from bench.runs.resolve import Options, ResolvedRun
from bench.runs.tuned import tuning_warnings
from bench.runs.world import World


@dataclass(frozen=True)
class Pretrained:
    """What a record says about its pretraining; empty for methods without."""

    cost: dict[str, float] = field(default_factory=dict)
    logged: dict[str, float] = field(default_factory=dict)
    weights: WeightsRecord | None = None
    """What was loaded instead, where the weights come from a file."""


@dataclass(frozen=True)
class Finished:
    """A record and the content of the Parquet file beside it."""

    record: Record
    cases: bytes


def make_record(
    run: ResolvedRun, evaluation: Evaluation, pretrained: Pretrained, options: Options, world: World
) -> Finished:
    """Score the predictions, with and without duplicated test cases, and write split, duplicates and draws down."""
    adaptation, split = evaluation.adaptation, world.split(run.plan.task.data, run.plan.seed)
    seen = find_seen(run.method, run.plan.task.data, run.plan.seed, world)
    scores = _scores(run, adaptation, split, world.overlap(run.plan.task.data, run.plan.seed), seen)
    sites = [str(case.domain) for case in split.test] if scores["domains"] else []
    table = case_table(run.kind.case_columns(split.test, adaptation.predictions), sites)
    cases = to_bytes(table)
    record = Record(
        schema_version=SCHEMA_VERSION,
        identity=run.identity,
        status="complete",
        cases=CasesRecord(sha256=file_hash(cases), rows=len(split.test), columns=table.column_names),
        provenance=collect(pick_device(options.compute.device)) | run.kind.provenance(),
        **_names(run),
        **scores,
        **_settings(run),
        **_data(run, evaluation, pretrained, options, world, seen),
        **_costs(evaluation, pretrained),
        embedding=_embedding(evaluation.health),
    )
    return Finished(record, cases)


def _names(run: ResolvedRun) -> dict[str, Any]:
    plan, task = run.plan, run.plan.task
    return {
        "profile": run.config.profile,
        "method": plan.method,
        "backbone": plan.backbone,
        "task": task.name,
        "data_set": task.data.name,
        "stand_in_for": task.data.stand_in_for or None,
        "kind": task.kind,
        "protocol": plan.protocol,
        "seed": plan.seed,
        "metric": task.metric,
    }


def _settings(run: ResolvedRun) -> dict[str, Any]:
    """What was set, and all that the identity is made of besides the data."""
    return {
        "config": run.config.sections,
        "overrides": run.config.overrides,
        "ablations": run.ablations,
        "tuned": run.tuned,
        "versions": Versions.model_validate(run.facts.versions),
        "fingerprints": {"data": run.facts.data, "declaration": run.facts.declaration},
        "hashes": run.hashes,
    }


def _data(
    run: ResolvedRun,
    evaluation: Evaluation,
    pretrained: Pretrained,
    options: Options,
    world: World,
    seen: Seen | None,
) -> dict[str, Any]:
    """What was trained and tested on; writes the split and the files beside it."""
    adaptation = evaluation.adaptation
    data, split = world.data(run.plan.task.data), world.split(run.plan.task.data, run.plan.seed)
    overlap = world.overlap(run.plan.task.data, run.plan.seed)
    file = f"splits/{data.kind}/{data.data_set.name}-seed{run.plan.seed}-{split.fingerprint[:8]}.csv"
    write_split(split, options.results / file)
    beside = SplitFiles(options.results, file.removesuffix(".csv"))
    sizes = {name: len(cases) for name, cases in split.sides.items()}
    return {
        "data": data.kind,
        "duplicates": beside.write_duplicates(overlap.groups_by_concern, overlap.counts),
        "seen": seen.record(beside) if seen else None,
        "split": SplitRecord(fingerprint=split.fingerprint, file=file, given=split.given, **sizes),
        "labelled": beside.write_labelled([draw.labelled for draw in adaptation.draws]),
        "subjects": beside.write_subjects({case.id: case.subject for case in split.test}),
        "corpus": _corpus_record(run.corpus, balanced=run.config.pretrain.balance) if run.corpus else None,
        "weights": pretrained.weights,
        "warnings": [
            *data.warnings,
            *world.copies_note(run.plan.task.data, run.plan.seed),
            *([pretrained.weights.corpus] if pretrained.weights else []),
            *seen_notes(seen, run.plan.task.data, len(split.test)),
            *(start_notes(run.plan.backbone, run.config.pretrain.init) if run.corpus else []),
            *tuning_warnings(run, data.kind),
            *notes_of(evaluation),
        ],
    }


def _others(cases: Sequence[Case], left_out: Sequence[str]) -> np.ndarray:
    """Which cases (N,) are not among those that are left out."""
    names = set(left_out)
    return np.array([case.id not in names for case in cases])


def notes_of(evaluation: Evaluation) -> list[str]:
    """What a reader of the score must know: a collapsed encoder, a choice at the end of its range."""
    collapse = evaluation.health.warning if evaluation.health else None
    return [*([collapse] if collapse else []), *evaluation.adaptation.notes]


def _scores(
    run: ResolvedRun, adaptation: Adaptation, split: SplitCases, overlap: Overlap, seen: Seen | None
) -> dict[str, Any]:
    """The metrics: overall, by domain and by draw, and without duplicated test cases or those that weights saw."""
    kind, cases, predictions = run.kind, split.test, adaptation.predictions
    kept = {
        "metrics": np.ones(len(cases), dtype=bool),
        "metrics_without_duplicates": _others(cases, overlap.affected_test_cases),
        "metrics_without_near_duplicates": _others(cases, overlap.near_affected_test_cases),
        **({"metrics_without_seen": _others(cases, seen.test)} if seen else {}),
    }
    by_domain = {n: score_domains(kind, run.plan.task.data.domains, cases, predictions, k) for n, k in kept.items()}
    domains = by_domain["metrics"]
    return {
        **{name: overall_scores(kind, cases, adaptation, by_domain[name], keep) for name, keep in kept.items()},
        "domains": domains,
        "trained_domain": run.plan.task.data.domains[0] if domains else None,
        "distribution": "in+out" if len(domains) > 1 else "in",
        "selection": _selection(run.plan.task.metric, adaptation),
        "sweep": [{k: v if math.isfinite(v) else None for k, v in one.items()} for one in adaptation.sweep],
        "draws": [
            DrawRecord(labelled=len(draw.labelled), metrics=kind.score(cases, draw.predictions))
            for draw in adaptation.draws
        ],
    }


def _embedding(health: Health | None) -> EmbeddingRecord | None:
    return None if health is None else EmbeddingRecord(**asdict(health), collapsed=health.collapsed)


def _costs(evaluation: Evaluation, pretrained: Pretrained) -> dict[str, Any]:
    cost = ({"pretrain": pretrained.cost} if pretrained.cost else {}) | evaluation.cost
    return {"cost": cost, "efficiency": evaluation.model | run_facts(cost), "logged": pretrained.logged}


def _selection(metric: str, adaptation: Adaptation) -> dict[str, float]:
    epoch = {} if adaptation.best_epoch is None else {"epoch": float(adaptation.best_epoch)}
    score = {f"validation_{metric}": adaptation.validation} if math.isfinite(adaptation.validation) else {}
    return epoch | dict(adaptation.chosen or {}) | score


def _corpus_record(corpus: Corpus, *, balanced: bool) -> CorpusRecord:
    return CorpusRecord(
        label=corpus.label,
        fingerprint=corpus.fingerprint,
        origin=corpus.origin,
        modalities=corpus.modalities if balanced else None,
        images=len(corpus.images),
        sources=dict(corpus.sources),
        excluded=corpus.excluded,
    )
