"""Deformations of Models Genesis on 2D images (Zhou et al. 2021, Section 3; authors' repository, `pytorch/utils.py`).

Sizes are shares of the image's, as published. Random numbers come from a generator that torch's global one seeds.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB."""
Random = np.random.Generator

COVERAGE = 1.87
"""How often the published windows of a shuffle cover a voxel: 10000 of 24.5 voxels on average in 64 x 64 x 32."""
_MARGIN = 3
"""Pixels between a painted window and the border."""


class Rates(Protocol):
    """Chances of the deformations; settings of the method."""

    nonlinear_rate: float
    shuffle_rate: float
    paint_rate: float
    inpaint_rate: float
    flip_rate: float


def deformed_pair(pixels: Pixels, rates: Rates) -> tuple[Pixels, Pixels]:
    """An image as it goes in and as it is to come out: both flipped alike, the first shuffled, recoloured, painted."""
    random = np.random.default_rng(int(torch.randint(2**31, ())))
    target = flip(pixels, rates.flip_rate, random)
    image = target
    if random.random() < rates.shuffle_rate:
        image = shuffle_windows(image, random)
    if random.random() < rates.nonlinear_rate:
        image = recolour(image, random)
    if random.random() < rates.paint_rate:
        image = paint_inside(image, random) if random.random() < rates.inpaint_rate else paint_outside(image, random)
    return image, target


def flip(pixels: Pixels, rate: float, random: Random) -> Pixels:
    """Up to three flips along a random axis, each with the chance `rate` after the one before."""
    for _ in range(3):
        if random.random() >= rate:
            break
        pixels = np.flip(pixels, axis=int(random.integers(2)))
    return np.ascontiguousarray(pixels)


def recolour(pixels: Pixels, random: Random) -> Pixels:
    """Grey levels through a cubic Bezier curve from 0 to 1 with two random control points; half of them fall."""
    t = np.linspace(0, 1, 1000)
    weights = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    controls = np.vstack([[0, 0], random.random((2, 2)), [1, 1]])
    x, y = controls.T @ weights
    y = np.sort(y)[:: 1 if random.random() < 0.5 else -1]
    levels = np.interp(np.arange(256) / 255, np.sort(x), y)
    return np.asarray(cv2.LUT(pixels, np.rint(255 * levels).astype(np.uint8)), dtype=np.uint8)


def shuffle_windows(pixels: Pixels, random: Random) -> Pixels:
    """Pixels change places inside many small windows, of sides up to a tenth of the image's; colours stay together."""
    rows, columns = pixels.shape[:2]
    largest = np.maximum([rows // 10, columns // 10], 1)
    count = round(COVERAGE * rows * columns / float(np.prod((1 + largest) / 2)))
    sides = random.integers(1, largest + 1, (count, 2))
    corners = random.integers(0, np.array([rows, columns]) - sides + 1)
    shuffled = pixels.copy()
    for (height, width), (top, left) in zip(sides.tolist(), corners.tolist(), strict=True):
        window = pixels[top : top + height, left : left + width].reshape(-1, 3)
        shuffled[top : top + height, left : left + width] = random.permutation(window).reshape(height, width, 3)
    return shuffled


def paint_inside(pixels: Pixels, random: Random) -> Pixels:
    """Noise in up to five windows, of sides from a sixth to a third of the image's."""
    painted = pixels.copy()
    for _ in range(5):
        if random.random() >= 0.95:
            break
        window = _window(pixels, 1 / 6, 1 / 3, random)
        painted[window] = _noise(painted[window].shape[:2], random)
    return painted


def paint_outside(pixels: Pixels, random: Random) -> Pixels:
    """Noise everywhere but in one to five windows, of sides from three to four sevenths of the image's."""
    painted = np.broadcast_to(_noise(pixels.shape[:2], random), pixels.shape).copy()
    for number in range(5):
        if number and random.random() >= 0.95:
            break
        window = _window(pixels, 3 / 7, 4 / 7, random)
        painted[window] = pixels[window]
    return painted


def _window(pixels: Pixels, low: float, high: float, random: Random) -> tuple[slice, slice]:
    """A window inside the margin, with sides between two shares of the image's."""
    places = []
    for whole in pixels.shape[:2]:
        side = int(random.integers(int(low * whole), int(high * whole) + 1))
        start = int(random.integers(_MARGIN, max(whole - side - _MARGIN, _MARGIN) + 1))
        places.append(slice(start, start + side))
    return places[0], places[1]


def _noise(shape: tuple[int, ...], random: Random) -> Pixels:
    """Even noise, the same in all colours: (H, W, 1)."""
    return random.integers(0, 256, (*shape, 1)).astype(np.uint8)
