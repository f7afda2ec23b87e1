"""Canaries of how the harness trains and evaluates: views, loops, weights, embeddings, probes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import TensorDataset

from bench.core.method import Method, MethodConfig, Progress
from bench.core.task import Task
from bench.dev.made_up import (
    CPU,
    QUIET,
    Values,
    adapted,
    flat,
    losses_of_steps,
    made_up_corpus,
    made_up_image,
    statistics,
)
from bench.engine import loaders as loading
from bench.engine import optim, seeding
from bench.evaluation.embeddings import embed_splits
from bench.evaluation.few_shot import draw_labelled
from bench.evaluation.neighbours import vote_shares
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.regression import regression_path
from bench.evaluation.settings import FewShotSettings, ProtocolSettings
from bench.evaluation.standardised import standardise
from bench.evaluation.supervised import Supervised
from bench.models.build import build_backbone
from bench.models.weights import method as weights_method
from bench.models.weights.sources import WeightsEntry
from bench.pretraining.augment import Augmentation, MultiView
from bench.pretraining.dataset import ViewDataset
from bench.pretraining.settings import PretrainSettings
from bench.pretraining.views.feeding import DeviceFeed


class _MeanSquare(Method):
    """Minimises the mean square of embeddings: the loop and nothing else."""

    name, title, citation = "canary", "canary", "none"

    def view_transform(self, image_size: int) -> Callable[[Image.Image], Any]:
        return Augmentation(image_size)

    def build(self, backbone: nn.Module) -> nn.Module:
        return nn.ModuleDict({"backbone": backbone})

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, torch.Tensor]:
        backbone = module.get_submodule("backbone")
        return {"loss": backbone(views).pooled.square().mean() * (1 - progress.fraction / 2)}


def views(folder: Path) -> Values:
    """The defaults of the augmentation, and 48 views of a fixed image."""
    image = Image.fromarray(made_up_image(1, 80)).crop((0, 0, 80, 64))
    defaults = {k: getattr(v, "name", v) for k, v in asdict(Augmentation(32)).items()}
    whole = Augmentation(32, jitter_probability=1, grey_probability=0.5, blur_probability=1, solarise_probability=0.5)
    values: dict[str, str | list[float]] = {"defaults": json.dumps(defaults)}
    for name, augmentation in (("default", Augmentation(32)), ("everything", whole)):
        drawn = []
        for seed in range(48):
            with seeding.seeded(seed):
                drawn.append(augmentation.cut(image))
        values[f"{name} pixels"] = flat((float(v.mean()), float(v.std())) for v, _ in drawn)
        values[f"{name} boxes"] = flat(list(map(float, box)) for _, box in drawn[:12])
    return values


def device_views(folder: Path) -> Values:
    """48 views of two fixed images at once, one of them a duplicate, on the CPU."""
    images = [made_up_image(1, 80)[:64], made_up_image(2, 72)]
    corpus = made_up_corpus(2)
    shown = [replace(o, load=partial(Image.fromarray, i)) for o, i in zip(corpus.images, images, strict=True)]
    whole = Augmentation(32, jitter_probability=1, grey_probability=0.5, blur_probability=1, solarise_probability=0.5)
    views = MultiView([Augmentation(32), replace(whole, resample=Image.Resampling.BICUBIC)])
    dataset = ViewDataset(replace(corpus, images=tuple(shown)), views, 40)
    dataset.duplicate[1] = True
    batches = loading.EpochBatches(2, 2, 5, smallest=2)
    feed, values = DeviceFeed(dataset, batches, 0, torch.device("cpu")), []
    for batches.epoch in range(12):
        values += [statistics(image)[1:] for view in next(iter(feed)) for image in view]
    return {"views": flat(iter(values))}


def pretraining(folder: Path) -> Values:
    """Four steps of the loop with every precision's defaults, the order of batches, schedules and optimisers."""
    settings = PretrainSettings.model_validate(
        {"epochs": 2, "batch_size": 6, "image_size": 32, "init": "random", "balance": True, "precision": "32-true"}
    )
    smooth = MethodConfig.model_validate({"optimizer": "sgd", "lr": 1e-3, "warmup_fraction": 0.3, "gradient_clip": 0.5})
    values: dict[str, str | list[float]] = dict(losses_of_steps(_MeanSquare(smooth), made_up_corpus(13), settings))
    batches = loading.EpochBatches(11, 4, 3, smallest=4)
    for epoch in (0, 1):
        batches.epoch = epoch
        values[f"batches {epoch}"] = str(list(batches))
    for schedule in ("cosine", "constant", "halve_four_times"):
        config = MethodConfig.model_validate({"schedule": schedule, "warmup_fraction": 0.2})
        values[f"schedule {schedule}"] = [optim.lr_factor(config, step, 20) for step in range(20)]
    for name in optim.OPTIMIZERS:
        values[f"optimizer {name}"] = _steps_of(name)
    return values


def _steps_of(optimizer: Any) -> list[float]:
    """Weights of a linear layer with a norm after three steps."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    built = optim.build_optimizer(
        module, MethodConfig.model_validate({"optimizer": optimizer, "lr": 0.1, "weight_decay": 0.05})
    )
    for step in range(3):
        built.zero_grad()
        module(torch.arange(12.0).reshape(4, 3) / 7 - step).square().sum().backward()
        built.step()
    return [float(x) for parameter in module.parameters() for x in parameter.detach().flatten()]


def weights(folder: Path) -> Values:
    """The encoder that comes out of a file in another program's names."""
    seeding.seed_all(1)
    state = {f"module.encoder_q.{k}": v for k, v in build_backbone("resnet18").state_dict().items()}
    state |= {"module.encoder_q.fc.weight": torch.ones(2, 512), "module.encoder_q.fc.bias": torch.ones(2)}
    path = folder / "moco.pth"
    torch.save({"state_dict": state, "epoch": 3}, path)
    loaded = weights_method.load_weights(WeightsEntry(name="canary", file=path))
    return {"rules": str(loaded.record.rules), "parts": f"{loaded.record.format} {loaded.record.layout}"} | {
        "tensors": flat(statistics(t) for t in list(loaded.match.state.values())[:8])
    }


def adaptation(folder: Path) -> Values:
    """Two epochs: which was selected, its score on validation, and the predictions of the test split."""
    engine, split = adapted(_pooled_task(), folder)
    seeding.seed_all(0)
    protocol = PROTOCOLS["finetune"]
    settings = ProtocolSettings.model_validate(
        {"epochs": 2, "batch_size": 4, "lr": 1e-3, "weight_decay": 1e-4, "gradient_clip": 0.5}
    )
    done = Supervised(build_backbone("resnet18"), engine, split, protocol, settings, 0, CPU, QUIET).fit("canary")
    return {"epoch": str(done.best_epoch), "validation": [done.validation], "predictions": statistics(done.predictions)}


def embedded(folder: Path) -> Values:
    """Embeddings of a seeded encoder."""
    engine, split = adapted(_pooled_task(), folder)
    seeding.seed_all(0)
    sides = embed_splits(build_backbone("resnet18"), engine, split, CPU, QUIET).sides
    return {name: flat(statistics(t) for t in side.tensors) for name, side in sides.items()}


def probes(folder: Path) -> Values:
    """Votes and regressions on made-up embeddings."""
    generator = np.random.default_rng(0)
    classes = np.arange(30) % 3
    bank = generator.normal(size=(30, 8)) + classes[:, None]
    queries = generator.normal(size=(9, 8)) + 1
    settings = FewShotSettings.model_validate({"fraction": 0.3})
    chosen = [draw_labelled(classes, 3, settings, 1, draw).tolist() for draw in range(2)]
    fits = regression_path(bank, classes, [queries], 3, (0.1, 1.0))
    regressions = [np.exp(fit.predictions[0]) for fit in fits]
    votes = vote_shares(bank, classes, queries, 4, (1, 5), 0.07)
    sides = {
        n: TensorDataset(torch.from_numpy(e), torch.zeros(len(e))) for n, e in (("train", bank), ("test", queries))
    }
    return {
        "draws": str(chosen),
        "regressions": np.concatenate(regressions).flatten().tolist(),
        "votes": np.concatenate(votes).flatten().tolist(),
        "standardised": statistics(standardise(sides)["test"]),
    }


def _pooled_task() -> Task:
    from bench.core.registry import kinds, tasks

    loaded: Iterator[Task] = (tasks().get(name) for name in tasks().plugins)
    return next(task for task in loaded if kinds().get(task.kind).pooled_only)
