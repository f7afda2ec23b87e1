"""Shapes and textures that phantoms are drawn with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

Array = np.ndarray


def blob(x: Array, y: Array, radius: float, edge: float) -> Array:
    """A disc of a radius around the origin of coordinates (H, W), with a soft edge."""
    return soft(radius - np.hypot(x, y), edge)


def soft(inside: Array, edge: float) -> Array:
    """A soft step: 0 outside, 1 inside, linear over twice `edge`."""
    return np.clip(inside / (2 * edge) + 0.5, 0, 1)


def noise(rng: np.random.Generator, height: int, width: int, cells: int) -> Array:
    """Smooth noise (H, W) of unit scale with about `cells` cells a side."""
    grid = Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32))
    return np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC))


def pixel_grid(height: int, width: int) -> tuple[Array, Array]:
    """Coordinates x, y (H, W) in [-1, 1]; x to the right, y downwards."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return x, y


def irregular(rng: np.random.Generator, x: Array, y: Array, radius: float, waviness: float = 0.12) -> Array:
    """Signed distance-like values (H, W), positive inside a wavy closed curve around the origin."""
    angle = np.arctan2(y, x)
    waves = sum(rng.uniform(0, waviness) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5))
    inside: Array = radius * (1 + waves) - np.hypot(x, y)
    return inside


def to_bytes(image: Array) -> Array:
    """Round and clip to uint8."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def save_mask(mask: Array, path: Path) -> None:
    """Save a mask (H, W), bool, as 0 and 255; the format follows from the suffix, JPEG with its usual loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


def save_image(pixels: Array, path: Path) -> None:
    """Save pixels (H, W, 3) or (H, W) as 8 bits; the format follows from the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(to_bytes(pixels)).save(path, quality=92)  # only JPEG has a quality
