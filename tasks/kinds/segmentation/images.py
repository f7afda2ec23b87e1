"""Images with masks as a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from bench.core.task import Case, DataSet
from bench.engine.datasets import KeptDataset
from bench.engine.images import normalise
from tasks.kinds.segmentation.augmentation import JointAugmentation
from tasks.kinds.segmentation.settings import SegmentationSettings
from tasks.kinds.segmentation.targets import no_target


class SegmentationImages(KeptDataset):
    """Images (3, S, S), ImageNet-normalised, with target planes (T, S, S), uint8; `train` augments both alike.

    `kept(case)` gives `image`, `planes` and `has_target`, as `Segmentation2D.prepare` does.
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

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        case = self.kept(self.cases[index])
        image, target = (torch.from_numpy(np.array(case[part])) for part in ("image", "planes"))
        if self.augment:
            image, target = self.augment(image, target)
        return normalise(image), target

    def check(self) -> None:
        """Raise `DataError` where no training image has a target."""
        if self.train and not any(self.kept(case)["has_target"].any() for case in self.cases):
            raise no_target(self.data_set, len(self.cases))
