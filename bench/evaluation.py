"""From a pretrained encoder to predictions: the protocol of a run, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from bench.adapt import Adaptation, Supervised
from bench.disk_cache import DiskCache
from bench.embeddings import Embedded, EmbeddingCache, embed_splits
from bench.few_shot import FewShot
from bench.footprint import count_parameters, model_facts
from bench.knn import NeighbourVote
from bench.measure import Meter
from bench.optim import pick_device
from bench.pretrain import Compute
from bench.progress import Report
from bench.protocols import PROTOCOLS, FewShotSettings, NeighbourSettings
from bench.resolved import ResolvedRun
from bench.splits import SplitCases


@dataclass(frozen=True)
class Evaluation:
    """What a protocol made of an encoder."""

    adaptation: Adaptation
    cost: dict[str, dict[str, float]]
    """Stage (`embed` where embeddings were made once, `adapt`) -> seconds, images per second, peak memory (MiB)."""
    model: dict[str, float]
    """Parameters and operations, as `footprint.model_facts` gives them."""


def evaluate(
    run: ResolvedRun,
    backbone: nn.Module,
    split: SplitCases,
    compute: Compute,
    files: DiskCache,
    report: Report,
    save: Path | None,
    resume: Path | None = None,
) -> Evaluation:
    """Adapt an encoder under the run's protocol; embeddings of a frozen one are kept in `files`.

    A training that takes long is kept in the file `resume` and continued from it, see `Supervised.fit`.

    Raises:
        DataError: an image cannot be read.
        TrainingError: the loss is not finite.
    """
    protocol = PROTOCOLS[run.plan.protocol]
    if not (protocol.frozen and run.kind.pooled_only):
        return _train(run, backbone, split, compute, report, save, resume, None)
    cache = EmbeddingCache(files, backbone, run.plan.backbone, run.kind, pick_device(compute.device))
    embedded = embed_splits(backbone, run.kind, split, compute, report, cache)
    if protocol.trained:
        return _train(run, backbone, split, compute, report, save, resume, embedded)
    return _probe(run, backbone, split, compute, report, embedded)


def _train(
    run: ResolvedRun,
    backbone: nn.Module,
    split: SplitCases,
    compute: Compute,
    report: Report,
    save: Path | None,
    resume: Path | None,
    embedded: Embedded | None,
) -> Evaluation:
    plan, settings, protocol = run.plan, run.config.protocol, PROTOCOLS[run.plan.protocol]
    assert not isinstance(settings, NeighbourSettings | FewShotSettings)
    supervised = Supervised(
        backbone, run.kind, split, protocol, settings, plan.seed, compute, report, embedded=embedded, save=save
    )
    adaptation = supervised.fit(_stage(run), (resume, run.identity) if resume else None)
    images = run.kind.dataset(split.test[:1], train=False) if embedded else supervised.data["test"]
    trained = supervised.network[1] if protocol.frozen else supervised.network
    facts = model_facts(supervised.network, images[0][0], count_parameters(trained))
    return Evaluation(adaptation, _stages(adaptation, embedded), facts)


def _probe(
    run: ResolvedRun, backbone: nn.Module, split: SplitCases, compute: Compute, report: Report, embedded: Embedded
) -> Evaluation:
    settings, meter = run.config.protocol, Meter(pick_device(compute.device))
    trained = 0
    if isinstance(settings, NeighbourSettings):
        adaptation = NeighbourVote(embedded.sides, run.kind, split, settings, meter).fit()
    else:
        assert isinstance(settings, FewShotSettings)
        few = FewShot(embedded.sides, run.kind, split, settings, run.plan.seed, meter, report)
        adaptation, trained = few.fit(_stage(run)), few.probe_parameters
    image = run.kind.dataset(split.test[:1], train=False)[0][0]
    facts = model_facts(backbone, image, trained)
    facts["parameters"] += trained
    return Evaluation(adaptation, _stages(adaptation, embedded), facts)


def _stage(run: ResolvedRun) -> str:
    return f"{run.plan.protocol} {run.plan.task.name} seed {run.plan.seed}"


def _stages(adaptation: Adaptation, embedded: Embedded | None) -> dict[str, dict[str, float]]:
    return ({"embed": embedded.cost} if embedded else {}) | {"adapt": adaptation.cost}
