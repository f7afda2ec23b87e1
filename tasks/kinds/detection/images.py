"""Images with boxes, resized to a square once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from lightly.transforms.utils import IMAGENET_NORMALIZE
from torch import Tensor

from bench.core.errors import DataError
from bench.core.task import Case
from bench.engine.prepared import PreparedDataset
from tasks.kinds.detection import targets

if TYPE_CHECKING:
    from tasks.kinds.detection.detection import Detection

_MEAN = torch.tensor(IMAGENET_NORMALIZE["mean"]).view(3, 1, 1)
_STD = torch.tensor(IMAGENET_NORMALIZE["std"]).view(3, 1, 1)


class DetectionImages(PreparedDataset):
    """Images (3, S, S), ImageNet-normalised, with boxes (n_rows, 5) as `targets.to_tensor` makes them."""

    def __init__(self, kind: Detection, cases: Sequence[Case], *, train: bool) -> None:
        self.kind, self.cases, self.train = kind, cases, train
        self.n_rows = targets.most_boxes([case.target for case in cases])

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        case, settings = self.cases[index], self.kind.settings
        image = normalise(torch.from_numpy(np.array(self.kind.prepare(case))))
        rows = targets.to_tensor(case.target, settings.image_size, self.n_rows)
        if self.train and bool(torch.rand(()) < settings.flip):
            return targets.flip(image, rows)
        return image, rows

    def prepare_case(self, index: int) -> None:
        """Decode one image to the cache."""
        self.kind.prepare(self.cases[index])

    def check(self) -> None:
        """Raise `DataError` where no training image has a box."""
        if self.train and not any(case.target.boxes for case in self.cases):
            name = self.kind.task.data.name
            raise DataError(
                f"{name}: none of the {len(self.cases)} training images has a box, so there is nothing to learn.\n"
                "Restore the boxes from the owner's archive, or use another split."
            )


def normalise(image: Tensor) -> Tensor:
    """ImageNet-normalise an image (3, H, W), uint8 -> float32."""
    return (image.float() / 255 - _MEAN) / _STD
