"""Embeddings of a frozen encoder: every image once, kept for the next protocol of the same checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from bench.interfaces import TaskKind
from bench.loading import decode_all, pick_workers
from bench.measure import Meter
from bench.optim import pick_device
from bench.pretrain import Compute
from bench.progress import Report
from bench.splits import SplitCases

Embeddings = Mapping[str, TensorDataset]
"""Split name (train, validation, test) -> embeddings (N, D) and targets (N, ...)."""
Keep = Callable[[Callable[[], Embeddings]], Embeddings]
"""Gives embeddings: those it kept, or what the function it is called with makes."""


class EmbeddingMemory:
    """The embeddings made last, with the key that names them; a plan runs all protocols of a checkpoint in a row."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._kept: Embeddings = {}

    def get(self, key: Hashable, make: Callable[[], Embeddings]) -> Embeddings:
        """The embeddings of `key`, made at most once in a row. The key must name all that changes them."""
        if key != self._key:
            self._kept = make()
            self._key = key
        return self._kept


def embed_splits(
    backbone: nn.Module, kind: TaskKind, split: SplitCases, compute: Compute, report: Report, meter: Meter
) -> Embeddings:
    """Embed training, validation and test images, without augmentation; global random generators are not used.

    Raises:
        DataError: an image cannot be read.
    """
    data = {name: kind.dataset(cases, train=False) for name, cases in split.sides.items()}
    for name, images in data.items():
        decode_all(images, f"{name} images", report)
    backbone.to(pick_device(compute.device)).eval()
    workers = pick_workers(compute.workers, meter.device)
    loaders = {
        name: DataLoader(images, kind.evaluation_batch, num_workers=workers, generator=torch.Generator())
        for name, images in data.items()
    }
    return {name: _embed(backbone, loader, name, report, meter) for name, loader in loaders.items()}


@torch.inference_mode()
def _embed(backbone: nn.Module, loader: DataLoader[Any], name: str, report: Report, meter: Meter) -> TensorDataset:
    embeddings, targets = [], []
    with report.stage(f"embed {name} images", len(loader)) as advance:
        for images, target in loader:
            embeddings.append(backbone(images.to(meter.device)).pooled.cpu().clone())
            targets.append(target)
            meter.tick(len(images))
            advance("")
    return TensorDataset(torch.cat(embeddings), torch.cat(targets))
