"""Changes of colour and blur of one image of 8 bits, with OpenCV: several times faster than through Pillow or floats.

Where they differ from torchvision's on Pillow images: the blur is a true Gaussian (Pillow approximates one by three
boxes), colours may differ by rounding.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from bench.pretraining.views.levels import scaled, turn
from bench.pretraining.views.resize import Pixels

GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Luma weights of ITU-R BT.601, as Pillow and OpenCV use them."""


def brighten(pixels: Pixels, factor: float) -> Pixels:
    """Pixels times `factor`, cut off at 255."""
    return scaled(pixels, factor)


def contrast(pixels: Pixels, factor: float) -> Pixels:
    """Distance from the mean grey level times `factor`."""
    mean = round(float(np.dot(cv2.mean(pixels)[:3], GREY)))
    return scaled(pixels, factor, (1 - factor) * mean)


def saturate(pixels: Pixels, factor: float) -> Pixels:
    """Distance from the pixel's own grey level times `factor`; 0 makes the image grey."""
    return _pixels(cv2.transform(pixels, factor * np.eye(3, dtype=np.float32) + (1 - factor) * GREY))


def shift_hue(pixels: Pixels, shift: float) -> Pixels:
    """Hue turned by `shift` of the full circle, -0.5 to 0.5."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL)
    turn(hsv, int(shift * 255) % 256)
    return _pixels(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL))


CHANGES: tuple[Callable[[Pixels, float], Pixels], ...] = (brighten, contrast, saturate, shift_hue)
"""By their number, see `drawn`."""


def gaussian_blur(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian blur with a standard deviation in pixels; the border is repeated."""
    return _pixels(cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def _pixels(array: np.ndarray) -> Pixels:
    return array
