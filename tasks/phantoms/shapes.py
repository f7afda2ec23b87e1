"""Pictures of a declared shape, for phantoms of data sets that files declare: so many classes or structures."""

from __future__ import annotations

import numpy as np

from tasks.phantoms.drawing import Array, irregular, noise, pixel_grid, soft

N_EACH = 12
"""Images of each class, or in all for each structure or kind of object, so that every split has some."""
_SIDE = 64


def draw_class(rng: np.random.Generator, label: int, n_classes: int) -> Array:
    """Image (64, 64, 3) of tissue with as many bright spots, and of as light a tone, as the class is high."""
    image, _ = _tissue(rng)
    x, y = pixel_grid(_SIDE, _SIDE)
    image = image + 70 * (label + 0.5) / n_classes
    for _ in range(label + 1):
        spot = irregular(rng, x - rng.uniform(-0.6, 0.6), y - rng.uniform(-0.6, 0.6), 0.18)
        image = image + 60 * soft(spot, 0.05)[..., None]
    return image


def draw_structures(rng: np.random.Generator, number: int) -> tuple[Array, list[Array]]:
    """Image (64, 64, 3) with one patch for each structure, beside each other, and their masks (64, 64), bool."""
    image, grid = _tissue(rng)
    masks = []
    for k in range(number):
        mask, light = _patch(rng, grid, k, number)
        image = image + (40 + 90 * (k + 1) / number) * light[..., None]
        masks.append(mask)
    return image, masks


def draw_objects(rng: np.random.Generator, n_classes: int) -> tuple[Array, list[tuple[int, tuple[int, int, int, int]]]]:
    """Image (64, 64, 3) with one or two objects, and of each its class and box (x_min, y_min, x_max, y_max)."""
    image, grid = _tissue(rng)
    found = []
    number = int(rng.integers(1, 3))
    for k in range(number):
        label = int(rng.integers(n_classes))
        mask, light = _patch(rng, grid, k, number)
        image = image + (50 + 100 * (label + 1) / n_classes) * light[..., None]
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        found.append((label, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)))
    return image, found


def _tissue(rng: np.random.Generator) -> tuple[Array, tuple[Array, Array]]:
    grid = pixel_grid(_SIDE, _SIDE)
    texture = 12 * noise(rng, _SIDE, _SIDE, 6) + rng.normal(0, 4, (_SIDE, _SIDE))
    return np.repeat((60 + texture)[..., None], 3, axis=2), grid


def _patch(rng: np.random.Generator, grid: tuple[Array, Array], k: int, number: int) -> tuple[Array, Array]:
    """Mask (H, W), bool, of the patch in the k-th of `number` columns, and its light (H, W)."""
    x, y = grid
    width = 2 / number
    centre = -1 + width * (k + 0.5)
    inside = irregular(rng, (x - centre), y - rng.uniform(-0.5, 0.5), 0.33 * width, 0.08)
    mask = (inside > 0) & (np.abs(x - centre) < width / 2)
    if not mask.any():  # more structures than pixels
        mask[_SIDE // 2, min(_SIDE - 1, int(_SIDE * (k + 0.5) / number))] = True
    return mask, soft(inside, 0.05)
