"""Images between the file and the network: shrunk before they are kept, normalised before they are embedded."""

from __future__ import annotations

import torch
from lightly.transforms.utils import IMAGENET_NORMALIZE
from PIL import Image
from torch import Tensor

MEAN, STD = IMAGENET_NORMALIZE["mean"], IMAGENET_NORMALIZE["std"]
"""Of ImageNet's red, green and blue, in [0, 1]."""
_MEAN = torch.tensor(MEAN).view(3, 1, 1)
_STD = torch.tensor(STD).view(3, 1, 1)


def shrink(image: Image.Image, shorter_side: int) -> Image.Image:
    """Resize so that the shorter side has `shorter_side` pixels; smaller images stay as they are."""
    ratio = shorter_side / min(image.size)
    if ratio >= 1:
        return image
    width, height = (max(round(side * ratio), 1) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)


def normalise(image: Tensor) -> Tensor:
    """ImageNet-normalise an image (1 or 3, H, W), uint8 or float in [0, 1] -> (3, H, W), float32, contiguous."""
    scaled = image.to(torch.float32, memory_format=torch.contiguous_format)
    if image.dtype == torch.uint8:
        scaled = scaled.div_(255)  # a copy by now
    return (scaled - _MEAN).div_(_STD)


def denormalise(images: Tensor) -> Tensor:
    """What `normalise` gave, (..., 3, H, W), as values in [0, 1] that can be seen."""
    return (images * _STD + _MEAN).clamp(0, 1)
