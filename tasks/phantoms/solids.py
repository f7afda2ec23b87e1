"""Volumes of a declared number of structures, for phantoms of layouts."""

from __future__ import annotations

import numpy as np

from tasks.phantoms.drawing import Array

N_VOLUMES = 8
"""Volumes of a phantom, so that every split has some."""
_SHAPE = (32, 32, 12)


def draw_solids(rng: np.random.Generator, number: int) -> tuple[Array, Array]:
    """Intensities and labels (32, 32, 12), both int16: one ellipsoid for each structure, side by side."""
    x, y, z = np.mgrid[-1 : 1 : _SHAPE[0] * 1j, -1 : 1 : _SHAPE[1] * 1j, -1 : 1 : _SHAPE[2] * 1j]
    labels = np.zeros(_SHAPE, dtype=np.int16)
    for k in range(number):
        centre = -1 + 2 * (k + 0.5) / number, *rng.uniform(-0.3, 0.3, 2)
        radii = 0.8 / number, *rng.uniform(0.35, 0.55, 2)
        distance = sum(((axis - c) / r) ** 2 for axis, c, r in zip((x, y, z), centre, radii, strict=True))
        labels[np.asarray(distance) < 1] = k + 1
    image = 100 + labels * (400 / number) + rng.normal(0, 15, _SHAPE)
    return np.rint(image).astype(np.int16), labels
