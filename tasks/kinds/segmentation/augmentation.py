"""Light augmentation, the same geometry for an image and its mask."""

from __future__ import annotations

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

    def __init__(self, settings: SegmentationSettings) -> None:
        self.transform = v2.Compose(
            [
                v2.RandomHorizontalFlip(settings.flip),
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
