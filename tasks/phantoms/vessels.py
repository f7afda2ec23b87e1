"""The phantom of DRIVE: a round field of view with dark vessels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tasks.phantoms.drawing import Array, blob, noise, pixel_grid, save_image, save_mask

_SPLITS = (("training", range(21, 31)), ("test", range(1, 7)))
_SIZE = (100, 96)
"""Height and width in pixels: as with the owner's images, not square."""


def drive(folder: Path, seed: int) -> None:
    """Write 10 training and 6 test TIFFs with GIF masks of vessels and field of view, under the owner's names.

    Test images have a second observer's masks as well, which miss some vessels.
    """
    for split, numbers in _SPLITS:
        for number in numbers:
            rng = np.random.default_rng([seed, 20, number])
            pixels, vessels, fewer, view = draw_fundus(rng)
            save_image(pixels, folder / split / "images" / f"{number:02d}_{split}.tif")
            save_mask(vessels, folder / split / "1st_manual" / f"{number:02d}_manual1.gif")
            save_mask(view, folder / split / "mask" / f"{number:02d}_{split}_mask.gif")
            if split == "test":
                save_mask(fewer, folder / split / "2nd_manual" / f"{number:02d}_manual2.gif")


def draw_fundus(rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """Image (H, W, 3), vessels of two observers (H, W), field of view (H, W)."""
    height, width = _SIZE
    x, y = pixel_grid(height, width)
    view = np.hypot(x, y) < 0.95
    disc = (rng.choice([-1, 1]) * rng.uniform(0.4, 0.6), rng.uniform(-0.15, 0.15))
    branches = [_branch(rng, disc) for _ in range(9)]
    vessels, fewer = (_rasterise(part) & view for part in (branches, branches[:6]))
    red = 190 + 15 * noise(rng, height, width, 5) + 50 * blob(x - disc[0], y - disc[1], 0.14, 0.05)
    dark = np.where(vessels, 0.55, 1.0)
    image = np.stack([red * (0.5 + 0.5 * dark), 0.55 * red * dark, 0.3 * red * (0.4 + 0.6 * dark)], axis=-1)
    return (image + rng.normal(0, 4, size=image.shape)) * view[..., None], vessels, fewer, view


def _branch(rng: np.random.Generator, disc: tuple[float, float]) -> list[tuple[float, float]]:
    """Points in pixels of a vessel that leaves the optic disc and bends."""
    height, width = _SIZE
    point, angle, bend = np.array(disc), rng.uniform(0, 2 * np.pi), rng.uniform(-0.12, 0.12)
    points = []
    for _ in range(22):
        points.append(((point[0] + 1) / 2 * (width - 1), (point[1] + 1) / 2 * (height - 1)))
        angle += bend + rng.normal(0, 0.12)
        point = point + 0.08 * np.array([np.cos(angle), np.sin(angle)])
    return points


def _rasterise(branches: list[list[tuple[float, float]]]) -> Array:
    height, width = _SIZE
    canvas = Image.new("L", (width, height))
    draw = ImageDraw.Draw(canvas)
    for number, points in enumerate(branches):
        draw.line(points, fill=1, width=3 if number % 3 == 0 else 2)
    return np.asarray(canvas) > 0
