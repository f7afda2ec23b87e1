"""What changes every level of an image alone, compiled: OpenCV's tables of levels take three to five times as long.

Arithmetic is that of float32, operation by operation, so that results are those of NumPy and torch to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import float32, njit, uint8, uintp
from torch import Tensor

from bench.engine.images import MEAN, STD
from bench.pretraining.views.resize import Pixels

_MEAN, _STD = np.array(MEAN, np.float32), np.array(STD, np.float32)


def scaled(pixels: Pixels, factor: float, offset: float = 0.0) -> Pixels:
    """Levels times `factor` plus `offset`, rounded to even, cut off at 0 and 255."""
    kernel: Any = _scale  # numba's types do not show the arguments
    return kernel(pixels, factor, offset)


def solarise(pixels: Pixels) -> Pixels:
    """Levels from 128 on turned over."""
    kernel: Any = _solarise
    return kernel(pixels)


def turn(hsv: np.ndarray, steps: int) -> None:
    """Add `steps`, 0 to 255, to the hue of an image of hue, saturation and value, in place and round the circle."""
    kernel: Any = _turn
    kernel(hsv, steps)


def normalised(pixels: Pixels) -> Tensor:
    """ImageNet-normalised, (3, H, W), float32: what `normalise` gives."""
    made = torch.empty(3, *pixels.shape[:2])
    kernel: Any = _normalise
    kernel(pixels, _MEAN, _STD, made.numpy())
    return made


@njit(cache=True, nogil=True)
def _scale(pixels, factor, offset):  # type: ignore[no-untyped-def]
    made = np.empty(pixels.shape, np.uint8)
    source, target, factor, offset = pixels.reshape(-1), made.reshape(-1), float32(factor), float32(offset)
    for i in range(uintp(source.size)):
        level = np.rint(factor * float32(source[i]) + offset)
        target[i] = uint8(min(max(level, float32(0)), float32(255)))
    return made


@njit(cache=True, nogil=True)
def _solarise(pixels):  # type: ignore[no-untyped-def]
    made = np.empty(pixels.shape, np.uint8)
    source, target = pixels.reshape(-1), made.reshape(-1)
    for i in range(uintp(source.size)):
        target[i] = source[i] if source[i] < 128 else 255 - source[i]
    return made


@njit(cache=True, nogil=True)
def _turn(hsv, steps):  # type: ignore[no-untyped-def]
    flat = hsv.reshape(-1)
    for i in range(uintp(0), uintp(flat.size), uintp(3)):
        flat[i] = uint8(flat[i] + uint8(steps))


@njit(cache=True, nogil=True)
def _normalise(pixels, mean, deviation, made):  # type: ignore[no-untyped-def]
    source, planes = pixels.reshape(-1), made.reshape(3, -1)
    for colour in range(3):
        middle, spread, plane = mean[colour], deviation[colour], planes[colour]
        for i in range(uintp(plane.size)):
            plane[i] = (float32(source[uintp(3) * i + uintp(colour)]) / float32(255) - middle) / spread
