"""From a pretrained encoder to predictions: the protocol of a run, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from bench.core.console import Report
from bench.core.kind import TaskKind
from bench.data.cache import DiskCache
from bench.data.splits import SplitCases
from bench.engine.compute import Compute, pick_device
from bench.engine.logs.place import LogPlace
from bench.engine.meter import Meter
from bench.engine.resume import StateFile
from bench.evaluation.adaptation import Adaptation
from bench.evaluation.embeddings import Embedded, EmbeddingCache, Embeddings, embed_some, embed_splits
from bench.evaluation.few_shot import FewShot
from bench.evaluation.health import Health, health_of
from bench.evaluation.kept.adapted import Adapted
from bench.evaluation.linear_probe import LinearProbe
from bench.evaluation.mlp_probe import MlpProbe
from bench.evaluation.neighbours import NeighbourVote
from bench.evaluation.protocols import Protocol
from bench.evaluation.settings import (
    AnyProtocolSettings,
    FewShotSettings,
    LinearProbeSettings,
    MlpProbeSettings,
    NeighbourSettings,
    ProtocolSettings,
)
from bench.evaluation.supervised import Supervised
from bench.models.footprint import count_parameters, model_facts


@dataclass(frozen=True)
class Evaluation:
    """What a protocol made of an encoder."""

    adaptation: Adaptation
    cost: dict[str, dict[str, float]]
    """Stage (`embed` where embeddings were made once, `adapt`) -> seconds, images per second, peak memory (MiB)."""
    model: dict[str, float]
    """Parameters and operations, as `footprint.model_facts` gives them."""
    health: Health | None = None
    """Of the encoder's embeddings before it is adapted; None for kinds that read feature maps."""
    adapted: Adapted | None = None
    """What made the predictions."""


@dataclass(frozen=True)
class Job:
    """What is evaluated under which protocol."""

    kind: TaskKind
    protocol: Protocol
    settings: AnyProtocolSettings
    split: SplitCases
    contents: Mapping[str, str]
    """Case id -> name of the content of its files, see `kept.name_contents`."""
    seed: int
    backbone: str
    """Name of the encoder's architecture."""
    identity: str
    """Of the run; an unfinished training is continued by the same one only."""
    log: LogPlace | None = None
    """Where a training of epochs is logged."""

    @property
    def stage(self) -> str:
        """Name of the evaluation, for progress bars."""
        return f"{self.protocol.name} {self.kind.task.name} seed {self.seed}"


def evaluate(
    job: Job,
    backbone: nn.Module,
    compute: Compute,
    files: DiskCache,
    report: Report,
    save: Path | None = None,
    resume: Path | None = None,
) -> Evaluation:
    """Adapt an encoder under a protocol; embeddings of a frozen one are kept in `files`.

    A training that takes long is kept in the file `resume` and continued from it, see `Supervised.fit`. `save` names a
    folder for predictions worth a file.

    Raises:
        DataError: an image cannot be read.
        TrainingError: the loss is not finite.
    """
    protocol = job.protocol
    if not job.kind.pooled_only:
        return _train(job, backbone, compute, report, save, resume, None)
    cache = EmbeddingCache(files, backbone, job.backbone, job.kind, job.contents, pick_device(compute.device))
    if not protocol.frozen:
        health = health_of(embed_some(backbone, job.kind, job.split.train, compute, report, cache))
        return replace(_train(job, backbone, compute, report, save, resume, None), health=health)
    embedded = embed_splits(backbone, job.kind, job.split, compute, report, cache)
    health = health_of(embedded.sides["train"].tensors[0])
    if isinstance(job.settings, ProtocolSettings):
        done = _train(job, backbone, compute, report, save, resume, embedded)
    else:
        done = _probe(job, backbone, compute, report, embedded)
    return replace(done, health=health)


def _train(
    job: Job,
    backbone: nn.Module,
    compute: Compute,
    report: Report,
    save: Path | None,
    resume: Path | None,
    embedded: Embedded | None,
) -> Evaluation:
    settings, split = job.settings, job.split
    assert isinstance(settings, ProtocolSettings)
    supervised = Supervised(
        backbone, job.kind, split, job.protocol, settings, job.seed, compute, report, embedded=embedded, save=save
    )
    states = StateFile(resume, job.identity, "adaptation", report) if resume else None
    adaptation = supervised.fit(job.stage, states, job.log)
    images = job.kind.dataset(split.test[:1], train=False) if embedded else supervised.data["test"]
    trained = supervised.network[1] if job.protocol.frozen else supervised.network
    facts = model_facts(supervised.network, images[0][0], count_parameters(trained))
    adapted = Adapted(supervised.network[0], supervised.network[1])
    return Evaluation(adaptation, _stages(adaptation, embedded), facts, adapted=adapted)


def _probe(job: Job, backbone: nn.Module, compute: Compute, report: Report, embedded: Embedded) -> Evaluation:
    meter = Meter(pick_device(compute.device))
    adaptation, trained = fit_probe(
        job.settings, embedded.sides, job.kind, job.split, job.seed, meter, report, job.stage, job.log
    )
    image = job.kind.dataset(job.split.test[:1], train=False)[0][0]
    facts = model_facts(backbone, image, trained)
    facts["parameters"] += trained
    adapted = Adapted(backbone, fitted=adaptation.fitted)
    return Evaluation(adaptation, _stages(adaptation, embedded), facts, adapted=adapted)


def fit_probe(
    settings: AnyProtocolSettings,
    embeddings: Embeddings,
    kind: TaskKind,
    split: SplitCases,
    seed: int,
    meter: Meter,
    report: Report,
    name: str,
    log: LogPlace | None = None,
) -> tuple[Adaptation, int]:
    """Fit the probe that the settings are of on embeddings; its outcome and number of parameters.

    One that is trained in epochs is logged to `log`.
    """
    probe: NeighbourVote | LinearProbe | FewShot
    if isinstance(settings, NeighbourSettings):
        probe = NeighbourVote(embeddings, kind, split, settings, meter)
    elif isinstance(settings, LinearProbeSettings):
        probe = LinearProbe(embeddings, kind, split, settings, meter, report)
    elif isinstance(settings, MlpProbeSettings):
        trained = MlpProbe(embeddings, kind, split, settings, seed, meter, report)
        return trained.fit(name, log), trained.parameters
    else:
        assert isinstance(settings, FewShotSettings)
        probe = FewShot(embeddings, kind, split, settings, seed, meter, report)
    return probe.fit(name), probe.parameters


def _stages(adaptation: Adaptation, embedded: Embedded | None) -> dict[str, dict[str, float]]:
    return ({"embed": embedded.cost} if embedded else {}) | {"adapt": adaptation.cost}
