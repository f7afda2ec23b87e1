"""A run resolved: settings, corpus, and the identity that says whether it was done before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench import registry
from bench.config import RunConfig, resolve_config
from bench.corpora import Corpus
from bench.disk_cache import DiskCache
from bench.identity import SCORE_VERSION, declared_fingerprint, digest
from bench.interfaces import Method, TaskKind
from bench.plan import PlannedRun
from bench.pretrain import Compute
from bench.source import code_fingerprint
from bench.world import World


@dataclass(frozen=True)
class Options:
    """What holds for all runs of one command."""

    profile: str
    corpus: str
    results: Path
    cache: Path
    compute: Compute
    save_predictions: bool = False
    """Whether predictions worth a file (masks, pictures of boxes) are written below `results`."""


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

    def folder_of_predictions(self, results: Path, data: str) -> Path:
        """predictions/<data>/<profile>/<method>/<task>/<file name of the record, without .json>."""
        plan = self.plan
        name = f"{plan.backbone}-{plan.protocol}-seed{plan.seed}-{self.identity[:12]}"
        return results / "predictions" / data / self.config.profile / plan.method / plan.task.name / name


def resolve(plan: PlannedRun, options: Options, world: World, decoded: DiskCache | None = None) -> ResolvedRun:
    """Settle settings, corpus and identity; the kind keeps cases in `decoded`. Raises `UsageError` or `DataError`."""
    config = resolve_config(plan.method, plan.task, plan.protocol, options.profile, plan.backbone, plan.overrides)
    method_class = registry.methods().get(plan.method)
    kind_class = registry.kinds().get(plan.task.kind)
    method = method_class(method_class.config_class.model_validate(config.method))
    kind = kind_class(plan.task, kind_class.settings_class.model_validate(config.task))
    data, split = world.data(plan.task.data), world.split(plan.task.data, plan.seed)
    kind.cache = decoded
    kind.contents = {
        case.id: f"{SCORE_VERSION}/{data.hashes[case.id]}/{data.label_hashes.get(case.id)}" for case in data.cases
    }
    corpus = world.corpus(options.corpus, plan.task.data, plan.seed) if method.pretrains else None
    code = {
        "score_version": SCORE_VERSION,
        "method": code_fingerprint(method_class),
        "kind": code_fingerprint(kind_class),
        "data": declared_fingerprint(plan.task.data),
    }
    budget = config.pretrain.model_dump() if method.pretrains else {}
    drawn = [corpus.fingerprint, *([corpus.modalities] if config.pretrain.balance else [])] if corpus else None
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
        code["data"],
        plan.protocol,
        config.protocol.model_dump(),
        config.task,
        data.fingerprint,
        *([split.given] if split.given else []),
    ]
    hashes = {
        "config": digest(config.model_dump()),
        "data": data.fingerprint,
        "code": digest(code),
        "pretraining": digest(training),
        "evaluation": digest([*evaluation, plan.task.metric, config.profile]),
        "checkpoint": digest([training, drawn, plan.seed]),
    }
    scored = [hashes["checkpoint"], hashes["evaluation"], split.fingerprint, plan.backbone, plan.seed]
    return ResolvedRun(plan, config, method, kind, corpus, hashes, digest(scored))
