"""What canaries are made from: made-up images and corpora, a few cases of phantoms, and short statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from bench.core import registry
from bench.core.console import Report
from bench.core.kind import TaskKind
from bench.core.method import Method
from bench.core.task import Case, Task, Volume
from bench.data.dataset import Data, read_data
from bench.data.phantom import ensure_phantom
from bench.data.splits import SplitCases, draw_split
from bench.engine.compute import Compute
from bench.engine.kept import keep_cases, name_contents
from bench.engine.logs.run_log import RunLog
from bench.engine.meter import Meter
from bench.pretraining import loop as pretrain
from bench.pretraining.corpus import Corpus
from bench.pretraining.corpus_image import CorpusImage
from bench.pretraining.settings import PretrainSettings
from bench.runs.config import quick_settings

Values = Mapping[str, str | list[float]]


CPU, QUIET = Compute("cpu", 0, False), Report(quiet=True)


def adapted(task: Task, folder: Path) -> tuple[TaskKind, SplitCases]:
    """The kind of a task in the `quick` profile, and a few cases of its phantom for each side of a split."""
    data: Data = read_data(task.data, ensure_phantom(task.data, folder))
    split = draw_split(data, 0)
    cls = registry.kinds().get(task.kind)
    settings = {**task.settings, **quick_settings(task, "finetune")["task"]}
    engine = cls(task, cls.settings_class(**settings))
    keep_cases(engine, name_contents(data))
    return engine, replace(
        split, train=_few(split.train, 8), validation=_few(split.validation, 3), test=_few(split.test, 4)
    )


def _few(cases: Sequence[Case], number: int) -> tuple[Case, ...]:
    """Evenly spread over the list, so that all classes are among them."""
    places = np.linspace(0, len(cases) - 1, min(number, len(cases))).astype(int)
    return tuple(cases[i] for i in places)


def statistics(value: Any) -> list[float]:
    """Size, mean, deviation and a weighted mean, in which places matter, of an array, image, volume or tensor."""
    if isinstance(value, Volume):
        return [*statistics(value.array), *map(float, np.asarray(value.affine).flatten())]
    if value is None:
        return []
    array = np.asarray(value.detach() if isinstance(value, torch.Tensor) else value, dtype=np.float64)
    if isinstance(value, Image.Image) and value.mode != "RGB":
        raise TypeError(f"a reader gave an image of mode {value.mode}; expected RGB")
    weights = np.resize(np.arange(1, 98), array.size)
    weighted = float(np.average(array.flatten(), weights=weights)) if array.size else 0.0
    return [float(array.size), float(array.mean()), float(array.std()), weighted]


def flat(parts: Iterator[Sequence[float]]) -> list[float]:
    """Several lists of numbers as one."""
    return [float(x) for part in parts for x in part]


SIDE = 48


def made_up_image(number: int, side: int = SIDE, channels: int = 3) -> np.ndarray:
    """Smooth shapes and noise, (side, side, channels), uint8; integers only, so that every machine makes the same."""
    rows, columns = np.mgrid[:side, :side]
    waves = (rows * (number % 5 + 2) + columns * (number % 3 + 3)) * 4 % 256
    noise = np.random.default_rng(number).integers(0, 64, (side, side, channels))
    return ((waves[..., None] + 40 * np.arange(channels) + noise) % 256).astype(np.uint8)


def made_up_corpus(n: int) -> Corpus:
    """Images of two modalities."""
    images = tuple(
        CorpusImage(
            Path(f"{i}.png"),
            f"canary {i}",
            modality="ab"[i % 2],
            load=partial(Image.fromarray, made_up_image(i)),
        )
        for i in range(n)
    )
    return Corpus("canary", images, {"canary": n}, 0, "canary", {})


def losses_of_steps(method: Method, corpus: Corpus, settings: PretrainSettings) -> Values:
    """Losses of every step of a pretraining of a ResNet-18 from random weights, and the first gradient's norm.

    A method that masks patch tokens has the small transformer.

    Later gradients, and shares of what was matched, move too far with the last bit of a sum.
    """
    backbone = "vit_tiny_8" if method.transformer_only else "resnet18"
    run = pretrain.Pretraining(method, backbone, corpus, settings, 0, CPU)
    meter, rows = Meter(torch.device("cpu")), list[Mapping[str, float]]()

    class Kept(RunLog):
        def step(self, step: int, values: Mapping[str, float]) -> None:
            rows.append(values)

    while run.epoch < settings.epochs:
        run.run_epoch(Kept(None, QUIET), meter, lambda note: None)
    losses = {name: [row[name] for row in rows] for name in rows[0] if "loss" in name or name == "lr"}
    return {**losses, "gradient_norm": [rows[0]["gradient_norm"]]}
