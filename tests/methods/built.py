"""Methods around a small encoder, and made-up views, for tests of losses against formulas."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from bench.core.kind import Features
from bench.core.method import Method, Progress
from bench.core.registry import methods
from bench.engine.seeding import seed_all, seeded

BATCH, STEPS = 8, 10


@dataclass
class Built:
    """A method, its module, and what its losses and steps take."""

    method: Method
    module: Any
    taken: int = field(default=0)

    def progress(self, step: int = 0, epoch: int = 0, items: Any = range(BATCH)) -> Progress:
        return Progress(step, STEPS, epoch, 2, items)

    def loss(self, views: Any, step: int = 0, epoch: int = 0, items: Any = range(BATCH)) -> Tensor:
        return self.method.loss(self.module, views, self.progress(step, epoch, items))["loss"]

    def projections(self, views: list[Tensor], head: str = "head") -> list[Tensor]:
        return [self.module[head](self.module["backbone"](view).pooled) for view in views]


class Small(nn.Module):
    """An encoder of one strided convolution with a batch norm: 12 channels, cells of 8 px."""

    embedding_dim, channels, strides = 12, (12,), (8,)

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 12, 8, 8), nn.BatchNorm2d(12), nn.ReLU())

    def forward(self, images: Tensor) -> Features:
        maps = self.layers(images)
        return Features([maps], maps.mean((2, 3)))


def built(name: str, *, fixed: bool = True, images: int = BATCH, **config: Any) -> Built:
    """A method in its `quick` settings; `fixed` batch norms give the same embeddings twice."""
    cls = methods().get(name)
    method = cls(cls.config_class(**{**cls.quick, **config}))
    method.corpus_size = images
    seed_all(0)
    return Built(method, method.build(Small()).train(not fixed))


def made_up(number: int, side: int = 32, batch: int = BATCH) -> list[Tensor]:
    """Views (B, 3, side, side)."""
    with seeded(3):
        return [torch.randn(batch, 3, side, side) for _ in range(number)]
