"""Light augmentation, the same geometry for an image and its mask."""

from __future__ import annotations

import re
from collections.abc import Sequence

from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2

from tasks.kinds.segmentation.loss import IGNORE
from tasks.kinds.segmentation.settings import SegmentationSettings


class JointAugmentation:
    """Left-right flip, rotation and scaling (image: bilinear; mask: nearest), brightness and contrast (image only).

    What comes into view from outside is black in the image and left out of the loss. Random numbers come from torch's
    global generator.
    """

    def __init__(self, settings: SegmentationSettings, classes: Sequence[str]) -> None:
        flip = settings.flip
        if flip is None:  # a mirrored left lung is no left lung
            flip = 0.0 if any(re.search(r"\b(left|right)\b", name) for name in classes) else 0.5
        self.transform = v2.Compose(
            [
                v2.RandomHorizontalFlip(flip),
                v2.RandomAffine(
                    degrees=settings.rotate_degrees,
                    scale=(1 - settings.zoom, 1 + settings.zoom),
                    interpolation=InterpolationMode.BILINEAR,
                    fill={tv_tensors.Image: 0, tv_tensors.Mask: IGNORE},
                ),
                v2.ColorJitter(brightness=settings.brightness, contrast=settings.brightness),
            ]
        )

    def __call__(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Image (1 or 3, H, W), uint8 or float in [0, 1], and mask (T, H, W), uint8; of the same shapes again."""
        image, mask = self.transform(tv_tensors.Image(image), tv_tensors.Mask(mask))
        return image.as_subclass(Tensor), mask.as_subclass(Tensor)
