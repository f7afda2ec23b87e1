"""Short pretrainings of a method in its `quick` settings, on made-up images and in this process."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bench.core.method import Method, Progress
from bench.core.registry import methods
from bench.dev.made_up import CPU, made_up_corpus
from bench.engine.compute import Compute
from bench.engine.meter import Meter
from bench.engine.seeding import restore_rng, rng_state, seed_all
from bench.models.build import build_backbone
from bench.pretraining.loop import Pretraining
from bench.pretraining.settings import PretrainSettings

START = Progress(0, 10, 0, 2)
SMALL: dict[str, Any] = {"epochs": 2, "batch_size": 8, "image_size": 32, "init": "random", "balance": False}


def backbone_of(cls: type[Method]) -> str:
    """The smallest encoder that a method can have."""
    return "vit_tiny_8" if cls.transformer_only else "resnet18"


def built(name: str, backbone: str = "", **config: Any) -> tuple[Any, Any]:
    """A method in its `quick` settings and its module, with the weights of seed 0."""
    cls = methods().get(name)
    method = cls(cls.config_class(**{**cls.quick, **config}))
    seed_all(0)
    return method, method.build(build_backbone(backbone or backbone_of(cls)))


class Losses:
    """Keeps the losses of a pretraining in place of its log."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def write(self, step: int, values: Any) -> None:
        self.rows.append(dict(values))

    def of(self, key: str) -> list[float]:
        return [row[key] for row in self.rows]


def pretraining(name: str, images: int = 16, workers: int = 0, **changes: Any) -> Pretraining:
    """A pretraining of seed 0 on made-up images."""
    cls = methods().get(name)
    compute = Compute("cpu", workers, False) if workers else CPU
    settings = PretrainSettings.model_validate(SMALL | changes)
    method = cls(cls.config_class(**cls.quick))
    return Pretraining(method, backbone_of(cls), made_up_corpus(images), settings, 0, compute)


def train(run: Pretraining, epochs: int) -> Losses:
    """Some epochs more; their losses."""
    losses, meter = Losses(), Meter(torch.device("cpu"))
    for _ in range(epochs):
        run.run_epoch(losses, meter, lambda note: None)  # type: ignore[arg-type]
    return losses


def resumed(name: str) -> Pretraining:
    """A pretraining of two epochs that was stopped after the first, and continued by another process."""
    first = pretraining(name)
    train(first, 1)
    state, random = first.state(), rng_state()
    second = pretraining(name)
    seed_all(999)
    second.restore(state)
    restore_rng(random)
    train(second, 1)
    return second


def weights(run: Pretraining) -> dict[str, torch.Tensor]:
    return run.module.state_dict()


def encoder_of(run: Pretraining) -> nn.Module:
    return run.method.encoder(run.module).eval()
