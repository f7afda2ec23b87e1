"""JSRT's digitised chest films: headerless 12-bit files, or 8-bit copies, with SCR's masks of half their size."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from bench.core.errors import DataError
from bench.core.task import Case
from bench.data.decoding.images import read_image, read_size
from tasks.readers.image_masks import ImageMasks

_LARGEST = 4095
"""Largest value of 12 bits."""


@dataclass(frozen=True)
class ChestFilms(ImageMasks):
    """`ImageMasks` whose images may be `.IMG` films, and are reduced to the grid of their masks.

    The masks of the SCR database have 1024 x 1024 pixels, the films 2048 x 2048: images are averaged over whole blocks
    of pixels, so that truth and score stay at the resolution of the annotation.
    """

    version: ClassVar[int] = 1

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image at the size of its masks. Raises `DataError` where it cannot be decoded."""
        image = read_film(case.image) if _is_film(case.image) else read_image(case.image)
        factor = self._reduction(case, (image.height, image.width))
        return image.reduce(factor) if factor > 1 else image

    def image_size(self, case: Case) -> tuple[int, int]:
        """Height and width of the reduced image, without decoding it."""
        size = (film_side(case.image),) * 2 if _is_film(case.image) else read_size(case.image)
        factor = self._reduction(case, size)
        return size[0] // factor, size[1] // factor

    def _reduction(self, case: Case, size: tuple[int, int]) -> int:
        """Pixels of the image per pixel of the masks, along each side; 1 where they do not fit."""
        if not case.labels:
            return 1
        height, width = read_size(case.labels[0])
        factor = max(size[0] // height, 1)
        return factor if (height * factor, width * factor) == size else 1


def read_film(path: Path) -> Image.Image:
    """Decode a film to 8-bit RGB: square, 16-bit big-endian words of which 12 bits are used, 0 being white.

    The owner's films are 2048 x 2048; the side follows from the size of the file. 12 bits become 8 by a fixed factor,
    so that films keep their differences in exposure.

    Raises:
        DataError: the file is missing or empty, is not a square of words, or holds values above 4095.
    """
    side = film_side(path)
    try:
        words = np.fromfile(path, dtype=">u2").reshape(side, side)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}.\nRestore this file from the owner's archive.") from error
    if words.max() > _LARGEST:
        raise DataError(
            f"{path}: holds values up to {words.max()}; expected 16-bit big-endian words of 12 bits (0 to {_LARGEST})."
            "\nRestore this file from the owner's archive."
        )
    grey = ((_LARGEST - words.astype(np.uint32)) * 255 + _LARGEST // 2) // _LARGEST
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")


def film_side(path: Path) -> int:
    """Side of a film in pixels, from the size of its file: a power of two. Raises `DataError` where it has none."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.\nRestore it from the owner's archive.") from error
    side = isqrt(size // 2)
    if side * side * 2 != size or side < 16 or side & (side - 1):
        raise DataError(
            f"{path}: has {size} bytes; expected {2048 * 2048 * 2} (2048 x 2048 words of 16 bits, no header).\n"
            "Restore this file from the owner's archive, or remove it together with its masks."
        )
    return side


def _is_film(path: Path) -> bool:
    return path.suffix.lower() == ".img"
