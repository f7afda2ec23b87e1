"""Images with boxes, resized to a square once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from bench.core.errors import DataError
from bench.core.task import Case
from bench.engine.datasets import KeptDataset
from bench.engine.images import normalise
from tasks.kinds.detection import targets
from tasks.kinds.detection.settings import DetectionSettings


class DetectionImages(KeptDataset):
    """Images (3, S, S), ImageNet-normalised, with boxes (n_rows, 5) as `targets.to_tensor` makes them."""

    def __init__(
        self,
        kept: Callable[[Case], Mapping[str, np.ndarray]],
        cases: Sequence[Case],
        settings: DetectionSettings,
        data_set: str,
        *,
        train: bool,
    ) -> None:
        super().__init__(kept, cases)
        self.settings, self.data_set, self.train = settings, data_set, train
        self.n_rows = targets.most_boxes([case.target for case in cases])

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        case = self.cases[index]
        image = normalise(torch.from_numpy(np.array(self.kept(case)["image"])))
        rows = targets.to_tensor(case.target, self.settings.image_size, self.n_rows)
        if self.train and bool(torch.rand(()) < self.settings.flip):
            return targets.flip(image, rows)
        return image, rows

    def check(self) -> None:
        """Raise `DataError` where no training image has a box."""
        if self.train and not any(case.target.boxes for case in self.cases):
            raise DataError(
                f"{self.data_set}: none of the {len(self.cases)} training images has a box, so there is nothing to "
                "learn.\nRestore the boxes from the owner's archive, or use another split."
            )
