"""Fast views of an image: the published augmentations of SimCLR, BYOL, DINO and VICRegL on 8-bit pixels with OpenCV.

Random numbers and their ranges are torchvision's (`RandomResizedCrop.get_params`, `ColorJitter.get_params`), the crop
is Pillow's; the arithmetic of colours and blur is OpenCV's, several times faster than Pillow's through HSV and NumPy.
Where it differs: the blur is a true Gaussian (Pillow approximates one by three boxes), colours may differ by rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision import transforms

from bench.core.settings import ViewSettings
from bench.engine.images import normalise

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB."""

_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Luma weights of ITU-R BT.601, as Pillow and OpenCV use them."""
PUBLISHED_SIDE = 224
"""Side in pixels of the views for which all publications state the blur's standard deviation."""
_LEVELS = np.arange(256, dtype=np.float32)
_SOLARISED = np.where(_LEVELS < 128, _LEVELS, 255 - _LEVELS).astype(np.uint8)


class Box(NamedTuple):
    """Where a view was cut, in fractions of the image's height and width, and whether it was flipped."""

    top: float
    left: float
    height: float
    width: float
    flipped: bool


@dataclass(frozen=True)
class Augmentation:
    """One random view: crop and flip, colour jitter, grey, blur, solarise, ImageNet normalisation.

    Randomness comes from torch's global generator.
    """

    size: int
    """Side of the view in pixels."""
    scale: tuple[float, float] = (0.08, 1.0)
    """Range of the share of the image's area that the crop covers."""
    jitter: tuple[float, float, float, float] = (0.8, 0.8, 0.8, 0.2)
    """Strength of the jitter of brightness, contrast, saturation and hue."""
    jitter_probability: float = 0.8
    grey_probability: float = 0.2
    blur_probability: float = 0.5
    blur_sigma: tuple[float, float] = (0.1, 2.0)
    """Range of the blur's standard deviation in pixels of a view of 224 px; in proportion at another side."""
    solarise_probability: float = 0.0
    flip_probability: float = 0.5
    resample: Image.Resampling = Image.Resampling.BILINEAR

    @classmethod
    def of(cls, size: int, views: ViewSettings, **own: Any) -> Augmentation:
        """A view of `size` px by the settings of a run; `own` is what the method's definition changes."""
        common = {"scale": (views.crop_min, 1.0), "jitter": views.jitter}
        chances = {"grey_probability": views.grey, "blur_probability": views.blur}
        return cls(size, **{**common, **chances, **own})

    def __call__(self, image: Image.Image) -> Tensor:
        """A view (3, size, size) of an RGB image of any size."""
        return self.cut(image)[0]

    def cut(self, image: Image.Image) -> tuple[Tensor, Box]:
        """A view (3, size, size) of an RGB image of any size, and where it was cut."""
        pixels, box = self.crop(image)
        jitter, grey, blur, solarise = torch.rand(4).tolist()
        if jitter < self.jitter_probability:
            pixels = jitter_colours(pixels, self.jitter)
        if grey < self.grey_probability:
            pixels = saturate(pixels, 0.0)
        if blur < self.blur_probability:
            low, high = self.blur_sigma
            sigma = low + (high - low) * float(torch.rand(()))
            pixels = gaussian_blur(pixels, sigma * self.size / PUBLISHED_SIDE)
        if solarise < self.solarise_probability:
            pixels = _pixels(cv2.LUT(pixels, _SOLARISED))
        return normalise(torch.from_numpy(pixels).permute(2, 0, 1)), box

    def crop(self, image: Image.Image) -> tuple[Pixels, Box]:
        """Crop and flip alone: a view (size, size, 3), uint8, and where it was cut."""
        crop = transforms.RandomResizedCrop.get_params(image, list(self.scale), [3 / 4, 4 / 3])
        top, left, height, width = crop
        area = (left, top, left + width, top + height)
        pixels: Pixels = np.array(image.resize((self.size, self.size), self.resample, box=area))
        flipped = bool(torch.rand(()) < self.flip_probability)
        if flipped:
            pixels = _pixels(cv2.flip(pixels, 1))
        rows, columns = image.height, image.width
        return pixels, Box(top / rows, left / columns, height / rows, width / columns, flipped)


class MultiView:
    """Several views of an image, each by its own augmentation."""

    def __init__(self, augmentations: list[Augmentation]) -> None:
        self.augmentations = augmentations

    def __call__(self, image: Image.Image) -> list[Tensor]:
        """Views (3, size, size), in the order of the augmentations."""
        return [augmentation(image) for augmentation in self.augmentations]


def jitter_colours(pixels: Pixels, strengths: tuple[float, float, float, float]) -> Pixels:
    """Brightness, contrast, saturation and hue changed by random factors in random order, as torchvision's jitter."""
    ranges = [[max(0.0, 1 - s), 1 + s] for s in strengths[:3]]
    order, *drawn = transforms.ColorJitter.get_params(*ranges, [-strengths[3], strengths[3]])
    changes: tuple[Callable[[Pixels, float], Pixels], ...] = (brighten, contrast, saturate, shift_hue)
    for index in order.tolist():
        if strengths[index] > 0:
            pixels = changes[index](pixels, float(drawn[index]))
    return pixels


def brighten(pixels: Pixels, factor: float) -> Pixels:
    """Pixels times `factor`, cut off at 255."""
    return _levels(pixels, factor * _LEVELS)


def contrast(pixels: Pixels, factor: float) -> Pixels:
    """Distance from the mean grey level times `factor`."""
    mean = round(float(np.dot(cv2.mean(pixels)[:3], _GREY)))
    return _levels(pixels, factor * _LEVELS + (1 - factor) * mean)


def saturate(pixels: Pixels, factor: float) -> Pixels:
    """Distance from the pixel's own grey level times `factor`; 0 makes the image grey."""
    return _pixels(cv2.transform(pixels, factor * np.eye(3, dtype=np.float32) + (1 - factor) * _GREY))


def shift_hue(pixels: Pixels, shift: float) -> Pixels:
    """Hue turned by `shift` of the full circle, -0.5 to 0.5."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] += np.uint8(int(shift * 255) % 256)
    return _pixels(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL))


def gaussian_blur(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian blur with a standard deviation in pixels; the border is repeated."""
    return _pixels(cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def _levels(pixels: Pixels, levels: NDArray[np.float32]) -> Pixels:
    """Map every 8-bit level to another."""
    return _pixels(cv2.LUT(pixels, np.clip(np.rint(levels), 0, 255).astype(np.uint8)))


def _pixels(array: np.ndarray) -> Pixels:
    return array
