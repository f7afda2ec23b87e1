"""The phantom of brain tumour classification: heads with a lesion that depends on the class."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from tasks.phantoms.drawing import Array, blob, noise, soft

_SPLITS = (("Training", 50), ("Testing", 20))
_CLASSES = ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor")
_COPIES = (
    ("Training/glioma_tumor/gg (1).jpg", "Training/glioma_tumor/gg (50).jpg"),
    ("Training/pituitary_tumor/p (2).jpg", "Training/pituitary_tumor/p (49).jpg"),
    ("Training/meningioma_tumor/m (3).jpg", "Testing/meningioma_tumor/image(3).jpg"),
    ("Training/no_tumor/image(4).jpg", "Testing/no_tumor/image.jpg"),
)
"""Byte-identical files as the real data set has them: within and across the owner's splits."""


def brain_tumor(folder: Path, seed: int) -> None:
    """Write 4 x 50 training and 4 x 20 test JPEGs (150 to 230 pixels) with the owner's folder and file names.

    Each shows a head-like ellipse; the lesion depends on the class (glioma: irregular, bright rim and dark core, in a
    hemisphere; meningioma: smooth and bright at the border; pituitary: small and bright at the centre below; none).
    Four pairs of files are byte-identical, two of them across Training and Testing. The same seed writes the same
    bytes.
    """
    for s, (split, count) in enumerate(_SPLITS):
        for c, name in enumerate(_CLASSES):
            target = folder / split / name
            target.mkdir(parents=True)
            for i in range(count):
                pixels = _draw_head(np.random.default_rng([seed, s, c, i]), name)
                Image.fromarray(pixels).convert("RGB").save(target / _file_name(split, name, i, count), quality=90)
    for source, copy in _COPIES:
        shutil.copyfile(folder / source, folder / copy)


def _file_name(split: str, name: str, index: int, count: int) -> str:
    """The owner's file names."""
    number = index + 1
    if split == "Testing":
        return "image.jpg" if number == count else f"image({number}).jpg"
    if name == "meningioma_tumor":
        return f"m ({number}).jpg" if number <= count // 2 else f"m1({number - count // 2}).jpg"
    return {"glioma_tumor": "gg ({}).jpg", "no_tumor": "image({}).jpg", "pituitary_tumor": "p ({}).jpg"}[name].format(
        number
    )


def _draw_head(rng: np.random.Generator, name: str) -> Array:
    """One slice (H, W), uint8: skull ring, brain with ventricles and texture, lesion, noise."""
    height, width = (int(n) for n in rng.integers(150, 231, size=2))
    x, y = _head_coordinates(rng, height, width)
    radius = np.hypot(x, y)
    brain = soft(0.86 - radius, 0.03)
    image = rng.uniform(80, 115) + rng.uniform(4, 14) * noise(rng, height, width, 7)
    image += rng.uniform(4, 10) * noise(rng, height, width, 24)
    for side in (-1, 1):  # ventricles
        image -= rng.uniform(15, 45) * blob(x - side * rng.uniform(0.08, 0.16), y + 0.05, rng.uniform(0.08, 0.16), 0.04)
    for _ in range(rng.integers(0, 3)):  # bright vessels, in every class
        at = rng.uniform(-0.6, 0.6, size=2)
        image += rng.uniform(15, 45) * blob(x - at[0], y - at[1], rng.uniform(0.03, 0.08), 0.03)
    image = brain * (image + _lesion(rng, name, x, y))
    image += rng.uniform(90, 180) * soft(0.05 - np.abs(radius - 0.95), 0.02)  # skull
    image += rng.uniform(4, 12) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.clip(image * rng.uniform(0.8, 1.15) + rng.uniform(0, 15), 0, 255).astype(np.uint8)


def _head_coordinates(rng: np.random.Generator, height: int, width: int) -> tuple[Array, Array]:
    """Coordinates (H, W) in which the head is the unit disc; x to the right, y downwards."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x = x / width - 0.5 - rng.uniform(-0.03, 0.03)
    y = y / height - 0.5 - rng.uniform(-0.03, 0.03)
    angle = rng.uniform(-0.2, 0.2)
    turned_x, turned_y = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    return turned_x / rng.uniform(0.34, 0.42), turned_y / rng.uniform(0.39, 0.46)


def _lesion(rng: np.random.Generator, name: str, x: Array, y: Array) -> Array:
    """What the class adds to the brain (H, W), in grey levels."""
    contrast = rng.uniform(45, 110)
    if name == "glioma_tumor":
        x, y = x - rng.choice([-1, 1]) * rng.uniform(0.25, 0.5), y - rng.uniform(-0.45, 0.4)
        angle, size = np.arctan2(y, x), rng.uniform(0.2, 0.38)
        waves = sum(rng.uniform(0, 0.12) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5))
        inside = size * (1 + waves) - np.hypot(x, y)
        return contrast * (soft(inside, 0.03) - rng.uniform(1.2, 1.8) * soft(inside - 0.35 * size, 0.03))
    if name == "meningioma_tumor":
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 0.8)
        x, y = x - distance * np.cos(angle), y - distance * np.sin(angle)
        return contrast * blob(x, y, rng.uniform(0.18, 0.34), 0.03)
    if name == "pituitary_tumor":
        x, y = x - rng.uniform(-0.08, 0.08), y - rng.uniform(0.35, 0.6)
        return contrast * blob(x, y, rng.uniform(0.12, 0.22), 0.03)
    return np.zeros_like(x)
