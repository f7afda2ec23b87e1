"""Embeddings of a frozen encoder: every image once, kept on disk for all protocols and commands of a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from bench.core.console import Report
from bench.core.errors import TrainingError
from bench.core.identity import declaration_fingerprint, digest
from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.core.versions import PARTS, preparation_versions
from bench.data.cache import DiskCache
from bench.data.splits import SplitCases
from bench.engine.compute import Compute, pick_device
from bench.engine.datasets import fill
from bench.engine.loaders import evaluation_loader, pick_workers
from bench.engine.meter import Meter
from bench.evaluation.health import spread
from bench.models.checkpoints import fingerprint_weights

Embeddings = Mapping[str, TensorDataset]
"""Split name (train, validation, test) -> embeddings (N, D) and targets (N, ...)."""


@dataclass(frozen=True)
class EmbeddedSide:
    """One side of a split."""

    data: TensorDataset
    """Embeddings (N, D) and targets (N, ...), in the order of the cases."""
    seconds: float
    """What making them took, on the day they were made."""
    peak_bytes: float


@dataclass(frozen=True)
class Embedded:
    """All sides of a split, embedded."""

    sides: Embeddings
    cost: dict[str, float]
    """Seconds, images per second and peak memory (MiB) of making them, also where they come from the cache."""


class EmbeddingCache:
    """Embeddings on disk, named by what they depend on.

    That is: the encoder's weights (their content, not where they come from), the backbone, the task kind's settings
    and source, how the data set is read, and the content and targets of the images in their order. The version of
    torch and the type of device belong to it too, so that what is read is what would be computed, to the bit.
    `contents` maps a case's id to a name of its files' content, see `kept.name_contents`.
    """

    def __init__(
        self,
        files: DiskCache,
        encoder: nn.Module,
        backbone: str,
        kind: TaskKind,
        contents: Mapping[str, str],
        device: torch.device,
    ) -> None:
        self.files, self.contents = files, contents
        transform = [kind.name, kind.settings.model_dump(mode="json"), kind.evaluation_batch]
        read = [preparation_versions(kind), declaration_fingerprint(kind.task.data)]
        machine = [str(torch.__version__), device.type]
        self._origin = [PARTS["embeddings"], fingerprint_weights(encoder), backbone, transform, read, machine]

    def get(self, cases: Sequence[Case], make: Callable[[], EmbeddedSide]) -> EmbeddedSide:
        """The embeddings of some cases, read or else made and stored."""
        images = [[self.contents[case.id], str(case.target)] for case in cases]
        key = digest([self._origin, images])
        made: list[EmbeddedSide] = []

        def once() -> EmbeddedSide:
            if not made:
                made.append(make())
            return made[0]

        def column(index: int) -> np.ndarray:
            return np.array(
                self.files.get(digest([key, index]), lambda: once().data.tensors[index].numpy())
            )  # a copy: tensors on a read-only map warn

        cost = self.files.get(digest([key, "cost"]), lambda: np.array([once().seconds, once().peak_bytes]))
        data = TensorDataset(torch.from_numpy(column(0)), torch.from_numpy(column(1)))
        return EmbeddedSide(data, float(cost[0]), float(cost[1]))


def embed_splits(
    backbone: nn.Module,
    kind: TaskKind,
    split: SplitCases,
    compute: Compute,
    report: Report,
    cache: EmbeddingCache | None = None,
) -> Embedded:
    """Embed training, validation and test images, without augmentation; global random generators are not used.

    Raises:
        DataError: an image cannot be read.
        TrainingError: an embedding is not finite.
    """
    device = pick_device(compute.device)
    backbone.to(device).eval()
    sides = {}
    for name, cases in split.sides.items():

        def make(name: str = name, cases: Sequence[Case] = cases) -> EmbeddedSide:
            return _embed(backbone, kind, cases, name, pick_workers(compute.workers, device), device, report)

        sides[name] = cache.get(cases, make) if cache else make()
    return Embedded({name: side.data for name, side in sides.items()}, _total(sides.values()))


def embed_some(
    backbone: nn.Module,
    kind: TaskKind,
    cases: Sequence[Case],
    compute: Compute,
    report: Report,
    cache: EmbeddingCache,
) -> Tensor:
    """Embeddings (N, D) of at most 1000 evenly spread cases. Raises as `embed_splits` does."""
    device = pick_device(compute.device)
    backbone.to(device).eval()
    some = [cases[i] for i in spread(len(cases))]
    workers = pick_workers(compute.workers, device)
    embeddings: Tensor = cache.get(
        some, lambda: _embed(backbone, kind, some, "some training", workers, device, report)
    ).data.tensors[0]
    return embeddings


def embed_cases(
    backbone: nn.Module, kind: TaskKind, cases: Sequence[Case], name: str, compute: Compute, report: Report
) -> TensorDataset:
    """Embeddings (N, D) and targets of some cases, which are not kept. Raises as `embed_splits` does."""
    device = pick_device(compute.device)
    backbone.to(device).eval()
    return _embed(backbone, kind, cases, name, pick_workers(compute.workers, device), device, report).data


@torch.inference_mode()
def _embed(
    backbone: nn.Module,
    kind: TaskKind,
    cases: Sequence[Case],
    name: str,
    workers: int,
    device: torch.device,
    report: Report,
) -> EmbeddedSide:
    images_and_targets = kind.dataset(cases, train=False)
    fill(images_and_targets, f"{name} images", report)
    meter = Meter(device)
    loader = evaluation_loader(images_and_targets, kind.evaluation_batch, workers, device, torch.Generator())
    embeddings, targets = [], []
    with report.stage(f"embed {name} images", len(loader)) as advance:
        for images, target in loader:
            embeddings.append(backbone(images.to(device)).pooled.cpu().clone())
            targets.append(target)
            meter.tick(len(images))
            advance("")
    data = TensorDataset(torch.cat(embeddings), torch.cat(targets))
    if not torch.isfinite(data.tensors[0]).all():
        raise TrainingError(
            f"{kind.task.name}: embeddings of {name} images are not finite. The encoder has diverged, or its "
            "weights are damaged: lower pretrain.lr or method.lr and pretrain it again, or check the checkpoint's file."
        )
    return EmbeddedSide(data, meter.cost()["seconds"], float(meter.peak_bytes))


def _total(sides: Iterable[EmbeddedSide]) -> dict[str, float]:
    every = list(sides)
    seconds, images = sum(side.seconds for side in every), sum(len(side.data) for side in every)
    return {
        "seconds": round(seconds, 3),
        "images_per_second": round(images / max(seconds, 1e-9), 2),
        "peak_memory_mib": round(max(side.peak_bytes for side in every) / 2**20, 1),
    }
