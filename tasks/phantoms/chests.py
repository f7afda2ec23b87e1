"""Phantoms of chest X-rays: JSRT with SCR's masks (12-bit films) and VinDr-CXR (PNGs with several readers' boxes)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from tasks.phantoms.drawing import Array, noise, pixel_grid, save_image, save_mask, soft

_SIDE = 128
"""Side of a film in pixels; masks have half of it, as SCR's have of JSRT's."""
_NAMES = tuple(f"JPCLN{i:03d}" for i in range(1, 13)) + tuple(f"JPCNN{i:03d}" for i in range(1, 9))
_CONTRAST = {"right lung": -900, "left lung": -900, "heart": 700, "right clavicle": 500, "left clavicle": 500}
"""What a structure adds to the brightness of the film, of 4095."""


def jsrt(folder: Path, seed: int) -> None:
    """Write 20 films of 128 x 128 16-bit big-endian words (0 is white) and GIF masks of five structures in two folds.

    As displayed, the patient's right is on the left. Clavicles cross the lungs.
    """
    films = folder / "All247images"
    films.mkdir(parents=True)
    for i, name in enumerate(_NAMES):
        rng = np.random.default_rng([seed, 30, i])
        brightness, structures = _draw_chest(rng)
        (4095 - brightness).astype(">u2").tofile(films / f"{name}.IMG")
        for structure, inside in structures.items():
            mask = inside[::2, ::2] > 0
            save_mask(mask, folder / "scratch" / f"fold{i % 2 + 1}" / "masks" / structure / f"{name}.gif")


_FINDINGS = {
    0: ("Aortic enlargement", (0.1, -0.4), (0.16, 0.16)),
    3: ("Cardiomegaly", (0.15, 0.35), (0.45, 0.28)),
    8: ("Nodule/Mass", (-0.45, -0.1), (0.13, 0.13)),
    10: ("Pleural effusion", (-0.45, 0.6), (0.3, 0.14)),
}
"""VinDr-CXR's class number -> name, centre and half sides in [-1, 1]."""
_READERS = ("R8", "R9", "R10")


def vindr(folder: Path, seed: int) -> None:
    """Write 40 PNGs of 128 x 128 and train.csv with boxes of three radiologists in pixels of a larger original.

    Every fifth image has no finding; of the others' findings, one radiologist misses some. One box reaches over the
    edge.
    """
    rows = []
    for i in range(40):
        rng = np.random.default_rng([seed, 31, i])
        name = f"{rng.integers(16**12):012x}{i:020x}"
        numbers = [] if i % 5 == 4 else sorted(rng.choice(list(_FINDINGS), size=rng.integers(1, 3), replace=False))
        pixels, boxes = _draw_findings(rng, numbers)
        save_image(pixels, folder / "train" / f"{name}.png")
        width, height = int(rng.integers(1000, 1400)), int(rng.integers(1000, 1400))
        for reader in _READERS:
            missed = reader == "R10" and i % 3 == 0
            for number in numbers[1 if missed else 0 :]:
                corners = (boxes[number] + rng.normal(0, 0.012, size=4) + 1) / 2 * [width, height, width, height]
                if i == 0 and reader == "R8":
                    corners[0] = -4.0
                rows.append((name, _FINDINGS[number][0], number, reader, *corners.round(1), width, height))
            if not numbers:
                rows.append((name, "No finding", 14, reader, "", "", "", "", width, height))
    with (folder / "train.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max,width,height"
        writer.writerows([names.split(","), *rows])


def _draw_findings(rng: np.random.Generator, numbers: list[int]) -> tuple[Array, dict[int, Array]]:
    """Pixels (H, W), 0 to 255, and number -> box (x_min, y_min, x_max, y_max) in [-1, 1]."""
    brightness, _ = _draw_chest(rng)
    image, (x, y), boxes = brightness / 16.0, pixel_grid(_SIDE, _SIDE), {}
    for number in numbers:
        _, centre, half = _FINDINGS[number]
        (cx, cy), (w, h) = centre + rng.uniform(-0.1, 0.1, size=2), half * rng.uniform(0.85, 1.15, size=2)
        image = image + 70 * soft(_ellipse(x - cx, y - cy, w, h), 0.02)
        boxes[number] = np.array([cx - w, cy - h, cx + w, cy + h])
    return image, boxes


def _draw_chest(rng: np.random.Generator) -> tuple[Array, dict[str, Array]]:
    """Brightness (H, W), 0 to 4095, and signed distances (H, W) of each structure, positive inside."""
    x, y = pixel_grid(_SIDE, _SIDE)
    x, y = x - rng.uniform(-0.06, 0.06), y - rng.uniform(-0.06, 0.06)
    tall = rng.uniform(0.58, 0.7)
    structures = {
        "right lung": _ellipse(x + rng.uniform(0.4, 0.46), y, rng.uniform(0.26, 0.32), tall),
        "left lung": _ellipse(x - rng.uniform(0.42, 0.48), y, rng.uniform(0.24, 0.3), tall),
        "heart": _ellipse(x - rng.uniform(0.08, 0.14), y - rng.uniform(0.25, 0.32), rng.uniform(0.24, 0.32), 0.27),
        "right clavicle": _bar(x + 0.38, y + rng.uniform(0.4, 0.46), rng.uniform(0.1, 0.25)),
        "left clavicle": _bar(x - 0.38, y + rng.uniform(0.4, 0.46), -rng.uniform(0.1, 0.25)),
    }
    image = 2300 + 150 * noise(rng, _SIDE, _SIDE, 6) - 900 * (np.hypot(x, 0.8 * y) > 1)
    for name, inside in structures.items():
        image = image + _CONTRAST[name] * soft(inside, 0.03)
    image = image * rng.uniform(0.85, 1.1) + rng.normal(0, 60, size=image.shape)
    return np.clip(np.rint(image), 0, 4095).astype(np.uint16), structures


def _ellipse(x: Array, y: Array, half_width: float, half_height: float) -> Array:
    inside: Array = (1 - np.hypot(x / half_width, y / half_height)) * min(half_width, half_height)
    return inside


def _bar(x: Array, y: Array, slope: float) -> Array:
    """A bar around the origin, 0.6 wide and 0.12 high."""
    inside: Array = np.minimum(0.3 - np.abs(x), 0.06 - np.abs(y - slope * x))
    return inside
