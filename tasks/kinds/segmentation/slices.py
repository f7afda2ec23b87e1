"""Slices of volumes as a data set, read from memory-mapped files one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from bench.core.task import Case, DataSet
from bench.engine.datasets import KeptDataset
from bench.engine.images import normalise
from tasks.kinds.segmentation.augmentation import JointAugmentation
from tasks.kinds.segmentation.settings import SegmentationSettings
from tasks.kinds.segmentation.targets import no_target

SLICE = np.dtype([("image", "<f2"), ("target", "u1")])
"""A pixel of a prepared slice: intensity in [0, 1], and label."""


class VolumeSlices(KeptDataset):
    """Slices (3, S, S), ImageNet-normalised, with labels (1, S, S), uint8.

    In training an epoch has every slice with a structure once and as many slices without, drawn anew each time one is
    asked for (sampling with and without target equally, as the paper does); otherwise all slices, volume by volume.
    `kept(case)` gives `slices` and `present`, as `Segmentation3D.prepare` does.
    """

    def __init__(
        self,
        kept: Callable[[Case], Mapping[str, np.ndarray]],
        cases: Sequence[Case],
        settings: SegmentationSettings,
        data_set: DataSet,
        *,
        train: bool,
    ) -> None:
        super().__init__(kept, cases)
        self.data_set, self.train = data_set, train
        self.augment = JointAugmentation(settings, data_set.classes) if train else None

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """(case, slice) of the slices with a structure, and of those without: (n, 2) and (m, 2)."""
        masks = [self.kept(case)["present"] for case in self.cases]
        cases = np.repeat(np.arange(len(masks)), [len(mask) for mask in masks])
        places = np.column_stack([cases, np.concatenate([np.arange(len(mask)) for mask in masks])])
        present = np.concatenate(masks)
        return places[present], places[~present]

    @cached_property
    def in_order(self) -> np.ndarray:
        """(case, slice) of all slices, (n, 2), volume by volume."""
        places = np.concatenate(self.places)
        order: np.ndarray = places[np.lexsort((places[:, 1], places[:, 0]))]
        return order

    def __len__(self) -> int:
        if not self.train:
            return len(self.in_order)
        present, absent = self.places
        return len(present) * (2 if len(absent) else 1)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        case, k = self._place(index)
        item = self.kept(self.cases[case])["slices"][k]
        image = torch.from_numpy(item["image"].astype(np.float32))[None]
        target = torch.from_numpy(item["target"].copy())[None]
        if self.augment:
            image, target = self.augment(image, target)
        return normalise(image), target

    def _place(self, index: int) -> tuple[int, int]:
        if not self.train:
            case, k = self.in_order[index]
            return int(case), int(k)
        present, absent = self.places
        if index < len(present):
            case, k = present[index]
        else:
            case, k = absent[int(torch.randint(len(absent), ()))]
        return int(case), int(k)

    def check(self) -> None:
        """Raise `DataError` where no training slice has a target."""
        if self.train and not len(self.places[0]):
            raise no_target(self.data_set, len(self.cases))
