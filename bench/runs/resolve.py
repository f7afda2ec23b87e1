"""A run resolved: settings, corpus, and the identity that says whether it was done before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core import registry
from bench.core.errors import BenchError, Problems
from bench.core.identity import CorpusFacts, RunFacts, declaration_fingerprint
from bench.core.kind import TaskKind
from bench.core.method import Method
from bench.core.settings import TunedRecord
from bench.core.task import Task
from bench.core.versions import Versions, declared_version, parts, plugin_versions
from bench.data.cache import DiskCache
from bench.data.contract.tasks import require_sound
from bench.data.dataset import Data
from bench.data.splits import SplitCases
from bench.engine.compute import Compute
from bench.engine.kept import keep_cases, name_contents
from bench.evaluation.protocols import PROTOCOLS
from bench.models.specs import find_backbone
from bench.pretraining.corpus import Corpus
from bench.pretraining.settings import PretrainSettings
from bench.pretraining.start import start_notes
from bench.results.record import AblationRecord
from bench.results.store import place_of
from bench.runs.config import RunConfig
from bench.runs.plan import PlannedRun, config_of
from bench.runs.world import World


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
    keep_model: bool = False
    """Whether the adapted model is written below `results`."""
    log: tuple[str, ...] = ()
    """Where trainings are logged besides the cache, see `engine.logs.place`."""


@dataclass(frozen=True)
class ResolvedRun:
    """A planned run with its settings, its corpus and its hashes."""

    plan: PlannedRun
    config: RunConfig
    method: Method
    kind: TaskKind
    corpus: Corpus | None
    facts: RunFacts
    """The fields that its identity is a function of."""
    hashes: dict[str, str]
    """pretraining (equal for all seeds), checkpoint (this seed's pretraining), evaluation."""
    identity: str
    ablations: list[AblationRecord]
    tuned: TunedRecord | None = None
    """How the settings were tuned, where they are those that were chosen."""
    decoded: DiskCache | None = None
    """Where decoded images of the corpus are kept between runs."""

    def place(self, data: str) -> Path:
        """Where the record of the run will lie among those of `data` (real or phantom) and others, see `place_of`."""
        plan, profile = self.plan, self.config.profile
        task, backbone, protocol = plan.task.name, plan.backbone, plan.protocol
        return place_of(data, profile, plan.method, task, backbone, protocol, plan.seed, self.identity)


def resolve(plan: PlannedRun, options: Options, world: World, decoded: DiskCache | None = None) -> ResolvedRun:
    """Settle settings, corpus and identity; decoded cases are kept in `decoded`. Raises `UsageError` or `DataError`."""
    config = config_of(plan, options.profile, options.compute.device)
    method_class = registry.methods().get(plan.method)
    kind_class = registry.kinds().get(plan.task.kind)
    method = method_class(method_class.config_class.model_validate(config.method))
    kind = kind_class(plan.task, kind_class.settings_class.model_validate(config.task))
    data = world.data(plan.task.data)
    require_sound(plan.task, kind_class, data.cases)
    keep_cases(kind, name_contents(data), decoded)
    corpus = world.corpus(plan.corpus or options.corpus, plan.task.data, plan.seed) if method.pretrains else None
    if corpus is not None:
        start_notes(plan.backbone, config.pretrain.init)  # a file that cannot be used is an error before anything runs
    facts = _facts(plan, config, corpus, data, world.split(plan.task.data, plan.seed))
    hashes = facts.hashes
    identity = hashes.pop("identity")
    ablations = declared_ablations(method_class.ablations, config.overrides.get("method", {}), config.method)
    tuned = plan.tuned if plan.tuned and has_settings(config, plan.tuned.chosen) else None
    return ResolvedRun(plan, config, method, kind, corpus, facts, hashes, identity, ablations, tuned, decoded)


def resolve_each(
    plans: Sequence[PlannedRun], options: Options, world: World, decoded: DiskCache | None = None
) -> list[ResolvedRun | BenchError]:
    """Every run of a plan resolved, or what is wrong with it.

    Settings of all runs are checked before data are read; a data set or corpus that cannot be used is read once.
    """
    found: dict[int, ResolvedRun | BenchError] = {}
    broken: dict[tuple[str, bool], BenchError] = {}
    for number, plan in enumerate(plans):
        try:
            config_of(plan, options.profile, options.compute.device)
        except BenchError as error:
            found[number] = error
    for number, plan in enumerate(plans):
        if number in found:
            continue
        read = (plan.task.data.name, registry.methods().get(plan.method).pretrains)
        if read in broken:
            found[number] = broken[read]
            continue
        try:
            found[number] = resolve(plan, options, world, decoded)
        except BenchError as error:
            found[number] = broken[read] = error
    return [found[number] for number in range(len(plans))]


def resolve_all(
    plans: Sequence[PlannedRun], options: Options, world: World, decoded: DiskCache | None = None
) -> list[ResolvedRun]:
    """Every run of a plan resolved. Raises one `BenchError` with everything that is wrong with any of them."""
    found, problems = resolve_each(plans, options, world, decoded), Problems()
    for one in found:
        with problems.noted():
            if isinstance(one, BenchError):
                raise one
    problems.raise_all()
    return [one for one in found if isinstance(one, ResolvedRun)]


def has_settings(config: RunConfig, settings: Mapping[str, Any]) -> bool:
    """Whether a run has all of some settings, given as section.key -> value."""
    whole = {f"{section}.{key}": value for section, values in config.sections.items() for key, value in values.items()}
    return plain(settings).items() <= plain(whole).items()


def _facts(plan: PlannedRun, config: RunConfig, corpus: Corpus | None, data: Data, split: SplitCases) -> RunFacts:
    return RunFacts(
        method=plan.method,
        backbone=plan.backbone,
        kind=plan.task.kind,
        protocol=plan.protocol,
        metric=plan.task.metric,
        profile=config.profile,
        seed=plan.seed,
        config=config.sections,
        versions={
            "pretraining": pretraining_versions(
                plan.method, plan.backbone, corpus.versions if corpus else None, config.pretrain
            ),
            "evaluation": evaluation_versions(plan.task, plan.protocol),
        },
        data=data.fingerprint,
        declaration=declaration_fingerprint(plan.task.data),
        split=split.fingerprint,
        given_split=split.given,
        corpus=corpus_facts(corpus, balanced=config.pretrain.balance) if corpus else None,
    )


def corpus_facts(corpus: Corpus, *, balanced: bool) -> CorpusFacts:
    """What an identity knows of a corpus; modalities count where they are balanced."""
    return CorpusFacts(corpus.fingerprint, corpus.origin, corpus.modalities if balanced else None)


def pretraining_versions(
    method: str, backbone: str, corpus: Versions | None, pretrain: PretrainSettings | None = None
) -> Versions:
    """The components that a checkpoint depends on; `corpus` has those of its images, None for no pretraining."""
    own = plugin_versions("method", method, registry.methods().get(method))
    own |= {f"backbone {backbone}": find_backbone(backbone).version}
    if corpus is None:
        return own
    batched = ["device_views"] if pretrain and pretrain.views == "device" else []
    return own | parts("views", *batched, "pretraining") | corpus


def evaluation_versions(task: Task, protocol: str) -> Versions:
    """The components that the evaluation of an encoder on a task depends on."""
    kind, chosen = registry.kinds().get(task.kind), PROTOCOLS[protocol]
    embedded = chosen.frozen and kind.pooled_only
    fitted = ["adaptation"] * chosen.trained + ["probes"] * (embedded and (not chosen.trained or bool(chosen.heads)))
    used = ["splits", *kind.decoding, *fitted, *["embeddings"] * embedded]
    return {
        **plugin_versions("kind", task.kind, kind),
        f"metrics {task.kind}": declared_version(kind, "metrics_version"),
        **plugin_versions("reader", type(task.data.reader).__name__, type(task.data.reader)),
        f"protocol {protocol}": chosen.version,
        **parts(*used),
    }


def declared_ablations(
    ablations: Mapping[str, Mapping[str, Any]], changed: Mapping[str, Any], settings: Mapping[str, Any]
) -> list[AblationRecord]:
    """The ablations of a method that a run is of: at least one of its values was set, and all of them hold."""
    whole = plain(settings)
    return [
        AblationRecord(name=name, order=order, changes=dict(changes))
        for order, (name, changes) in enumerate(ablations.items(), start=1)
        if changes.keys() & changed.keys() and plain(changes).items() <= whole.items()
    ]


def plain(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as JSON, in which 8 and 8.0, or a list and a tuple, are the same."""
    return {k: json.dumps(float(v) if type(v) is int else v) for k, v in values.items()}
