"""Small data sets in memory, drawn from case ids, and a small backbone: the engines without files of an owner."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image
from torch import nn

from bench.core.kind import Features
from bench.core.task import Case, DataSet, Task, Volume
from bench.data.cache import DiskCache
from bench.data.splits import make_split
from bench.engine.kept import keep_cases
from tasks.kinds.segmentation import Segmentation2D, Segmentation3D


class Tiny(nn.Module):
    """Four stages at strides 4 to 32 of 8 to 32 channels, without a stem map."""

    channels = (8, 16, 16, 32)
    strides = (4, 8, 16, 32)
    embedding_dim = 32

    def __init__(self):
        super().__init__()
        sizes = (3, *self.channels)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, stride=4 if i == 0 else 2, padding=1), nn.BatchNorm2d(b), nn.ReLU())
            for i, (a, b) in enumerate(pairwise(sizes))
        )

    def forward(self, images):
        maps, x = [], images
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return Features(maps, x.mean((2, 3)))


@dataclass(frozen=True)
class DrawnImages:
    """Each case is one disc (and, with two structures, its right half) in noise; `empty` cases have no disc."""

    n_classes: int = 1
    region: bool = False
    height: int = 50
    width: int = 70
    layout: str = "none"

    def _disc(self, case):
        rng = np.random.default_rng(int(case.id[1:]))
        y, x = np.mgrid[: self.height, : self.width]
        cy, cx, radius = rng.uniform(20, 30), rng.uniform(20, 50), rng.uniform(8, 14)
        disc = (np.hypot(y - cy, x - cx) < radius) & (not case.id.startswith("e"))
        return disc, disc & (x > cx), rng

    def load_image(self, case):
        disc, half, rng = self._disc(case)
        grey = 40 + 120 * disc + 60 * half + rng.normal(0, 8, disc.shape)
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")

    def load_masks(self, case):
        disc, half, _ = self._disc(case)
        return np.stack([disc & ~half, half] if self.n_classes == 2 else [disc])

    def load_region(self, case):
        if not self.region:
            return None
        region = np.zeros((self.height, self.width), dtype=bool)
        region[:, :40] = True
        return region


@dataclass(frozen=True)
class DrawnVolumes:
    """Each case is a ball of two shells in noise on an anisotropic grid stored as left-superior-anterior."""

    n_classes: int = 2
    shape: tuple[int, int, int] = (40, 9, 32)
    layout: str = "none"

    @property
    def affine(self):
        affine = np.zeros((4, 4))
        affine[0, 0], affine[2, 1], affine[1, 2], affine[3, 3] = (
            -1.0,
            4.0,
            1.5,
            1.0,
        )  # x: left, y: superior, z: anterior
        return affine

    def _labels(self, case):
        rng = np.random.default_rng(int(case.id[1:]))
        grids = np.mgrid[tuple(slice(n) for n in self.shape)].astype(float)
        centre = np.array(self.shape) / 2 + rng.uniform(-2, 2, 3) * (1, 0.3, 1)
        scale = np.array([1.0, 4.0, 1.5])
        distance = np.sqrt(sum(((g - c) * s) ** 2 for g, c, s in zip(grids, centre, scale, strict=True)))
        labels = (distance < 12).astype(np.uint8) + (distance < 7)
        if case.id.startswith("e"):
            labels[:] = 0
        return np.minimum(labels, self.n_classes).astype(np.uint8), rng

    def load_volume(self, case):
        labels, rng = self._labels(case)
        return Volume((200.0 * labels + rng.normal(0, 15, self.shape)).astype(np.float32), self.affine)

    def load_labels(self, case):
        return Volume(self._labels(case)[0], self.affine)


def cases_of(folder: Path, ids: list[str], domain: str | None = None) -> list[Case]:
    """Cases with a small file each, so that content can be hashed."""
    for name in ids:
        (folder / name).write_text(name)
    return [Case(name, folder / name, None, None, labels=(folder / name,), domain=domain) for name in ids]


def data_set(reader, **changes) -> DataSet:
    defaults = DataSet(
        name="drawn",
        title="Drawn",
        reader=reader,
        classes=("outer", "inner")[: getattr(reader, "n_classes", 2)],
        expected_counts={},
        modality="none",
        citation="none",
        licence="none",
        obtain="none",
        phantom=lambda folder, seed: None,
    )
    return replace(defaults, **changes)


def kind_of(reader, cache: Path | None = None, metric: str | None = None, changes=None, **settings):
    volumes = isinstance(reader, DrawnVolumes)
    cls = Segmentation3D if volumes else Segmentation2D
    task = Task(
        "drawn", data_set(reader, **(changes or {})), cls.name, "finetune", metric or ("iou_3d" if volumes else "dice")
    )
    defaults = {"image_size": 32, "decoder_channels": (32, 16, 16, 16, 16)}
    kind = cls(task, cls.settings_class.model_validate(defaults | settings))
    keep_cases(kind, defaultdict(str), DiskCache(cache) if cache else None)
    return kind


def split_of(cases, n_validation=2, n_test=2):
    held = n_validation + n_test
    return make_split(cases[:-held], cases[-held:-n_test], cases[-n_test:], 0)
