"""Changes of colour and blur of one image of 8 bits, with OpenCV: several times faster than through Pillow or floats.

Where they differ from torchvision's on Pillow images: the blur is a true Gaussian (Pillow approximates one by three
boxes), colours may differ by rounding.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.engine.images import normalise
from bench.pretraining.views.resize import Pixels

GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Luma weights of ITU-R BT.601, as Pillow and OpenCV use them."""
_LEVELS = np.arange(256, dtype=np.float32)
_SOLARISED = np.where(_LEVELS < 128, _LEVELS, 255 - _LEVELS).astype(np.uint8)


def brighten(pixels: Pixels, factor: float) -> Pixels:
    """Pixels times `factor`, cut off at 255."""
    return _levels(pixels, factor * _LEVELS)


def contrast(pixels: Pixels, factor: float) -> Pixels:
    """Distance from the mean grey level times `factor`."""
    mean = round(float(np.dot(cv2.mean(pixels)[:3], GREY)))
    return _levels(pixels, factor * _LEVELS + (1 - factor) * mean)


def saturate(pixels: Pixels, factor: float) -> Pixels:
    """Distance from the pixel's own grey level times `factor`; 0 makes the image grey."""
    return _pixels(cv2.transform(pixels, factor * np.eye(3, dtype=np.float32) + (1 - factor) * GREY))


def shift_hue(pixels: Pixels, shift: float) -> Pixels:
    """Hue turned by `shift` of the full circle, -0.5 to 0.5."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] += np.uint8(int(shift * 255) % 256)
    return _pixels(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL))


CHANGES: tuple[Callable[[Pixels, float], Pixels], ...] = (brighten, contrast, saturate, shift_hue)
"""By their number, see `drawn`."""


def gaussian_blur(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian blur with a standard deviation in pixels; the border is repeated."""
    return _pixels(cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def solarise(pixels: Pixels) -> Pixels:
    """Levels from 128 on turned over."""
    return _pixels(cv2.LUT(pixels, _SOLARISED))


def normalised(pixels: Pixels) -> Tensor:
    """ImageNet-normalised, (3, H, W), float32: what `normalise` gives, of which a level has one value a colour."""
    tensor = torch.empty(3, *pixels.shape[:2])
    for plane, values, made in zip(cv2.split(pixels), _NORMALISED, tensor.numpy(), strict=True):
        cv2.LUT(plane, values, made)
    return tensor


_NORMALISED = normalise(torch.arange(256, dtype=torch.uint8).expand(3, 1, 256)).numpy()
"""(3, 1, 256): the value of each level of red, green and blue."""


def _levels(pixels: Pixels, levels: NDArray[np.float32]) -> Pixels:
    """Map every 8-bit level to another."""
    return _pixels(cv2.LUT(pixels, np.clip(np.rint(levels), 0, 255).astype(np.uint8)))


def _pixels(array: np.ndarray) -> Pixels:
    return array
