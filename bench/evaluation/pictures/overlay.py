"""Masks: where they are saved, and over an image, in a colour for each structure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442")
"""Of structures, in their order; they can be told apart by people with any colour vision (Okabe and Ito 2008)."""
STRENGTH = 0.5
"""How much of a pixel of a structure is its colour."""


def mask_files(folder: Path, case: str, classes: Sequence[str]) -> list[Path]:
    """Where `--save-predictions` writes the masks of a case, by its id: one for each structure."""
    return [folder / f"{case}-{name.replace('/', '_').replace(' ', '_')}.png" for name in classes]


def legend_of(classes: Sequence[str]) -> dict[str, str]:
    """Name -> colour of each structure; colours begin anew after the last."""
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(classes)}


def overlay(image: Image.Image, masks: np.ndarray) -> Image.Image:
    """The image with masks (C, H, W), bool, of its size in their colours; a later mask covers an earlier one."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32).copy()
    for number, mask in enumerate(masks):
        colour = np.array(ImageColor.getrgb(COLOURS[number % len(COLOURS)]), dtype=np.float32)
        pixels[mask] = (1 - STRENGTH) * pixels[mask] + STRENGTH * colour
    return Image.fromarray(pixels.round().astype(np.uint8))
