"""The phantoms of FGADR and of its stand-in: retinas with more dark and bright spots, the higher the grade."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tasks.phantoms.drawing import blob, pixel_grid, save_image
from tasks.phantoms.vessels import draw_fundus

_GRADES = 5
_PATIENTS = 50
_SPOTS = (0, 3, 7, 13, 22)
"""Spots per grade."""


def fgadr(folder: Path, seed: int) -> None:
    """Write 100 PNGs (100 x 96 pixels), two of each of 50 patients, and the table of grades under the owner's names."""
    _write(folder, seed, 30, lambda patient, eye: f"{patient:04d}_{eye + 1}.png")


def dr_patient600(folder: Path, seed: int) -> None:
    """Write 100 JPEGs (100 x 96 pixels), both eyes of 50 patients, and the table of grades."""
    _write(folder, seed, 31, lambda patient, eye: f"Patient{patient:03d}_{'LR'[eye]}.jpg")


def _write(folder: Path, seed: int, stream: int, name: Callable[[int, int], str]) -> None:
    rows = []
    for patient in range(_PATIENTS):
        for eye in range(2):
            rng = np.random.default_rng([seed, stream, patient, eye])
            grade = patient % _GRADES
            if eye and rng.random() < 0.3:  # the eyes of a patient may differ
                grade = (grade + 1) % _GRADES
            save_image(_draw_retina(rng, grade), folder / "Seg-set" / "Original_Images" / name(patient, eye))
            rows.append(f"{name(patient, eye)},{grade}\n")
    (folder / "Seg-set" / "DR_Seg_Grading_Label.csv").write_text("".join(rows), encoding="utf-8")


def _draw_retina(rng: np.random.Generator, grade: int) -> np.ndarray:
    """Image (H, W, 3) of a retina with spots; two of three are dark, the others bright."""
    image, _, _, view = draw_fundus(rng)
    x, y = pixel_grid(*view.shape)
    for number in range(_SPOTS[grade]):
        distance, angle = rng.uniform(0.1, 0.8), rng.uniform(0, 2 * np.pi)
        spot = blob(x - distance * np.cos(angle), y - distance * np.sin(angle), rng.uniform(0.05, 0.09), 0.02)
        colour = (255, 240, 150) if number % 3 == 2 else (70, 15, 10)
        image = image + spot[..., None] * view[..., None] * (np.array(colour) - image)
    return image
