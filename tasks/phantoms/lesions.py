"""Phantoms of photographs and ultrasound images with one outlined lesion: ISIC 2018, Kvasir-SEG, BUSI."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tasks.phantoms.drawing import Array, irregular, noise, pixel_grid, save_image, save_mask, soft

_COUNT = 24
_BUSI_COUNTS = {"benign": 16, "malignant": 10, "normal": 3}


def isic2018(folder: Path, seed: int) -> None:
    """Write 24 JPEGs of skin (96 to 128 pixels wide) with a dark lesion, and PNG masks, under the owner's names."""
    images, masks = folder / "ISIC2018_Task1-2_Training_Input", folder / "ISIC2018_Task1_Training_GroundTruth"
    for i in range(_COUNT):
        rng = np.random.default_rng([seed, 10, i])
        pixels, mask = _draw_lesion(rng, (205, 160, 135), (95, 60, 45), radius=(0.25, 0.55))
        name = f"ISIC_{7 * i + 3:07d}"
        save_image(pixels, images / f"{name}.jpg")
        save_mask(mask, masks / f"{name}_segmentation.png")
    for place in (images, masks):
        (place / "LICENSE.txt").write_text("Synthetic images.\n", encoding="utf-8")


def kvasir_seg(folder: Path, seed: int) -> None:
    """Write 24 JPEGs of mucosa with a polyp, masks as JPEG (so with compression noise), and the owner's box file."""
    boxes = {}
    for i in range(_COUNT):
        rng = np.random.default_rng([seed, 11, i])
        pixels, mask = _draw_lesion(rng, (150, 75, 60), (215, 130, 110), radius=(0.25, 0.5))
        name = f"cju{rng.integers(36**6):06x}{i:02d}"
        save_image(pixels, folder / "Kvasir-SEG" / "images" / f"{name}.jpg")
        save_mask(mask, folder / "Kvasir-SEG" / "masks" / f"{name}.jpg")
        boxes[name] = {"height": mask.shape[0], "width": mask.shape[1], "bbox": [{"label": "polyp", **_box(mask)}]}
    (folder / "Kvasir-SEG" / "kavsir_bboxes.json").write_text(json.dumps(boxes), encoding="utf-8")


def buid(folder: Path, seed: int) -> None:
    """Write PNGs of speckle: 16 benign (smooth), 10 malignant (ragged) and 3 normal images with empty masks.

    The fourth benign and the third malignant image have two lesions, each with a mask file of its own.
    """
    for c, (name, count) in enumerate(_BUSI_COUNTS.items()):
        for i in range(count):
            rng = np.random.default_rng([seed, 12, c, i])
            n_lesions = 0 if name == "normal" else 2 if i == 3 - c else 1
            pixels, masks = _draw_ultrasound(rng, n_lesions, waviness=0.05 if name == "benign" else 0.25)
            stem = folder / "Dataset_BUSI_with_GT" / name / f"{name} ({i + 1})"
            save_image(pixels, stem.with_name(f"{stem.name}.png"))
            for k, mask in enumerate(masks):
                save_mask(mask, stem.with_name(f"{stem.name}_mask{f'_{k}' if k else ''}.png"))


def _draw_lesion(
    rng: np.random.Generator,
    tissue: tuple[int, int, int],
    lesion: tuple[int, int, int],
    radius: tuple[float, float],
) -> tuple[Array, Array]:
    """A colour image (H, W, 3) with one wavy lesion, and its mask (H, W)."""
    height, width = int(rng.integers(72, 97)), int(rng.integers(96, 129))
    x, y = pixel_grid(height, width)
    inside = irregular(rng, x - rng.uniform(-0.35, 0.35), y - rng.uniform(-0.35, 0.35), rng.uniform(*radius))
    alpha = soft(inside, 0.06)[..., None]
    texture = 9 * noise(rng, height, width, 8) + 5 * noise(rng, height, width, 30)
    image = (1 - alpha) * np.array(tissue) + alpha * np.array(lesion) + texture[..., None]
    image = image * rng.uniform(0.85, 1.15) * (1 - rng.uniform(0.1, 0.35) * (x**2 + y**2) / 2)[..., None]
    return image + rng.normal(0, 3, size=image.shape), inside > 0


def _draw_ultrasound(rng: np.random.Generator, n_lesions: int, waviness: float) -> tuple[Array, list[Array]]:
    """A grey image (H, W, 3) with dark lesions in speckle, and a mask (H, W) each; one empty mask for none."""
    height, width = int(rng.integers(80, 113)), int(rng.integers(96, 129))
    x, y = pixel_grid(height, width)
    masks, echo = [], 120 + 25 * noise(rng, height, width, 6) - 25 * y
    for k in range(n_lesions):
        centre = rng.uniform(-0.2, 0.2) + (0 if n_lesions == 1 else 0.5 * (2 * k - 1))
        inside = irregular(rng, x - centre, y - rng.uniform(-0.3, 0.3), rng.uniform(0.22, 0.4), waviness)
        echo = echo * (1 - 0.75 * soft(inside, 0.04))
        masks.append(inside > 0)
    speckled = echo * rng.rayleigh(0.8, size=echo.shape)
    return np.repeat(speckled[..., None], 3, axis=2), masks or [np.zeros((height, width), dtype=bool)]


def _box(mask: Array) -> dict[str, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return {"xmin": int(columns[0]), "ymin": int(rows[0]), "xmax": int(columns[-1]), "ymax": int(rows[-1])}
