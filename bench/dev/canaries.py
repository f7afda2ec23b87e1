"""Canaries of plugins: small results that change when what they do changes, made from phantoms and fixed seeds.

A canary is a mapping of names to texts, which must be equal, or to lists of numbers, which must be equal within what
another processor or another version of a library may round differently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from bench.core.kind import TaskKind
from bench.core.method import Method
from bench.core.task import DataSet, Task
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantom
from bench.data.splits import SplitCases
from bench.dev.made_up import (
    CPU,
    QUIET,
    Values,
    adapted,
    losses_of_steps,
    made_up_corpus,
    statistics,
)
from bench.engine.meter import Meter
from bench.engine.seeding import seed_all, seeded
from bench.evaluation.embeddings import embed_splits
from bench.evaluation.evaluate import fit_probe
from bench.evaluation.protocols import PROTOCOLS, Protocol
from bench.evaluation.settings import AnyProtocolSettings, ProtocolSettings
from bench.evaluation.supervised import Supervised
from bench.models.build import build_backbone
from bench.pretraining.settings import PretrainSettings

STEADY_STEPS = 12
"""Of a training: later losses move too far with the last bit of a sum, which is another on another processor."""


class _Enough(Exception):
    """All losses that are kept were computed."""


def method(cls: type[Method], folder: Path) -> Values:
    """Losses of two steps in the `quick` profile on 16 made-up images, and the mean of what is trained after them."""
    config = cls.config_class(**cls.quick)
    if not cls.pretrains:
        seed_all(0)
        module = cls(config).build(build_backbone("resnet18"))
        tensors: list[torch.Tensor] = [*module.parameters()] or [*module.buffers()]
        return {"parameters": statistics(torch.cat([t.flatten().float() for t in tensors]))}
    settings = PretrainSettings.model_validate(
        {"epochs": 2, "batch_size": 16, "image_size": 32, "init": "random", "balance": False, "precision": "32-true"}
    )
    return losses_of_steps(cls(config), made_up_corpus(16), settings)


def kind(task: Task, folder: Path) -> Values:
    """Samples of a phantom as the kind prepares them, and the losses of the first steps of fine-tuning."""
    engine, split = adapted(task, folder)
    images = {n: engine.dataset(cases, train=n == "train") for n, cases in split.sides.items()}
    values: dict[str, list[float]] = {}
    for name in ("validation", "train"):
        with seeded(0):
            image, target = images[name][0]
        values[f"{name} image"] = statistics(image)
        values[f"{name} target"] = statistics(torch.as_tensor(target, dtype=torch.float32))
    return values | {"losses": _one_epoch(engine, split, PROTOCOLS["finetune"])}


def metrics(task: Task, folder: Path) -> Values:
    """Metrics of made-up predictions that are right in part."""
    engine, split = adapted(task, folder)
    made_up = engine.sample_predictions(split.test)
    if made_up is None:
        raise TypeError(f"{type(engine).__name__}.sample_predictions gives nothing to score.")
    found = engine.score(split.test, made_up)
    return {name: [] if value is None else [value] for name, value in found.items()}


def reader(data_sets: Sequence[DataSet], folder: Path) -> Values:
    """The cases of phantoms, and two of them as each `load_*` gives them."""
    values: dict[str, str | list[float]] = {}
    for data_set in data_sets:
        root = ensure_phantom(data_set, folder)
        cases = sorted(read_data(data_set, root).cases, key=lambda case: case.id)
        rows = [(c.id, str(c.target), c.owner_split, c.subject, c.domain, len(c.labels)) for c in cases]
        values[f"{data_set.name} cases"] = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
        for name in sorted(n for n in dir(data_set.reader) if n.startswith("load_")):
            loaded = [getattr(data_set.reader, name)(case) for case in (cases[0], cases[-1])]
            values[f"{data_set.name} {name}"] = [x for one in loaded for x in statistics(one)]
    return values


def protocol(chosen: Protocol, task: Task, folder: Path) -> Values:
    """What is frozen, and the losses of one epoch, or the votes, on a phantom."""
    engine, split = adapted(task, folder)
    values: dict[str, str | list[float]] = {
        "flags": f"frozen={chosen.frozen} pooled={chosen.pooled} trained={chosen.trained}"
    }
    if chosen.trained:
        values["losses"] = _one_epoch(engine, split, chosen)
    seed_all(0)
    for cls in chosen.heads.values() if chosen.trained else (chosen.settings_class,):
        settings = cls.model_validate(dict(chosen.preset))
        if not isinstance(settings, ProtocolSettings):
            values["predictions"] = statistics(_probed(settings, engine, split))
    return values


def _probed(settings: AnyProtocolSettings, engine: TaskKind, split: SplitCases) -> np.ndarray:
    embedded = embed_splits(build_backbone("resnet18"), engine, split, CPU, QUIET).sides
    return fit_probe(settings, embedded, engine, split, 0, Meter(torch.device("cpu")), QUIET, "canary")[0].predictions


def backbone(name: str, folder: Path) -> Values:
    """Embedding and maps of one image under seeded weights."""
    seed_all(0)
    encoder = build_backbone(name).eval()
    side = 56 if "14" in name else 64
    image = torch.linspace(-2, 2, 3 * side * side).reshape(1, 3, side, side)
    with torch.inference_mode():
        features = encoder(image)
    maps = {f"map {i}": statistics(one) for i, one in enumerate(features.maps)}
    return {"embedding": statistics(features.pooled), **maps}


def _one_epoch(engine: TaskKind, split: SplitCases, chosen: Protocol) -> list[float]:
    """Losses of the first steps of a training, at most one epoch."""
    settings = chosen.settings_class.model_validate({**chosen.preset, "epochs": 1, "batch_size": 4, "lr": 1e-3})
    assert isinstance(settings, ProtocolSettings)
    seed_all(0)
    training = Supervised(build_backbone("resnet18"), engine, split, chosen, settings, 0, CPU, QUIET)
    losses: list[float] = []
    original = engine.training_loss

    def kept(*arguments: Any) -> torch.Tensor:
        loss = original(*arguments)
        losses.append(float(loss.detach()))
        if len(losses) == STEADY_STEPS:
            raise _Enough
        return loss

    with suppress(_Enough), patch.object(engine, "training_loss", kept):
        training.train_epoch(1, lambda note: None)
    return losses
