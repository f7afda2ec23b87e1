"""Images with bright squares, drawn from case ids: the engine without files of an owner."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.core.task import Box, BoxTarget, Case, DataSet, Task
from bench.data.cache import DiskCache
from bench.engine.kept import keep_cases
from tasks.kinds.detection import Detection

installed = pytest.mark.skipif(
    find_spec("detectron2") is None, reason="detectron2 is not installed (tox -e detectron2)"
)
both_engines = pytest.mark.parametrize("engine", ["torchvision", pytest.param("detectron2", marks=installed)])

SMALL = {
    "image_size": 64,
    "pyramid_channels": 16,
    "box_hidden": 32,
    "anchor_scale": 4.0,
    "proposals": 50,
    "box_samples": 32,
}
WIDTH, HEIGHT = 80, 50


@dataclass(frozen=True)
class DrawnBoxes:
    """Each case is one square in noise, bright (label 0) or, where the number is odd, dark (label 1)."""

    labels: tuple[str, ...] = ("bright", "dark")
    layout: str = "none"

    def load_image(self, case: Case) -> Image.Image:
        pixels = np.random.default_rng(int(case.id[1:])).normal(110, 8, size=(HEIGHT, WIDTH))
        for box in case.target.boxes:
            x0, y0, x1, y1 = (round(v) for v in box[1:])
            pixels[y0:y1, x0:x1] += (90, -90)[box.label]
        return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert("RGB")


def cases_of(folder: Path, ids: list[str]) -> list[Case]:
    """Cases `cN` with a box, and `eN` without one; each has a small file, so that content can be hashed."""
    cases = []
    for name in ids:
        (folder / name).write_text(name)
        number = int(name[1:])
        x, y = np.random.default_rng([1, number]).uniform([2, 2], [WIDTH - 36, HEIGHT - 26]).round().tolist()
        boxes = () if name.startswith("e") else (Box(number % 2, x, y, x + 32, y + 22),)
        cases.append(Case(name, folder / name, BoxTarget(WIDTH, HEIGHT, boxes), None))
    return cases


def kind_of(cache: Path | None = None, labels: tuple[str, ...] = ("bright", "dark"), **settings) -> Detection:
    data_set = DataSet(
        name="drawn",
        title="Drawn",
        reader=DrawnBoxes(labels),
        classes=labels,
        expected_counts={},
        modality="none",
        citation="none",
        licence="none",
        obtain="none",
        phantom=lambda folder, seed: None,
    )
    task = Task("drawn", data_set, "detection", "finetune", "ap50")
    kind = Detection(task, Detection.settings_class.model_validate(SMALL | settings))
    keep_cases(kind, defaultdict(str), DiskCache(cache) if cache else None)
    return kind
