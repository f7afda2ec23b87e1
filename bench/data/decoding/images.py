"""Reading images: upright, in 8-bit RGB, or as stored. Nothing is left to a conversion that loses what is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.data.decoding.dicom import is_dicom
from bench.data.decoding.opened import DEEP_MODES, Stored, opened
from bench.data.volumes import check_finite

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
"""Of image files, in lower case, besides DICOM's."""


def is_image(path: Path) -> bool:
    """Whether a file is an image that can be read, by its name; DICOM without a suffix by what stands in it."""
    return path.suffix.lower() in SUFFIXES or is_dicom(path)


def read_image(path: Path) -> Image.Image:
    """Decode an image file to 8-bit RGB, upright as its EXIF orientation says.

    Grey or colours of more than 8 bits are scaled by their smallest and largest value to 0..255, all channels alike.
    Palettes become their colours, CMYK becomes RGB by the plain formula; gamma and colour profiles are not applied.
    Transparency is dropped. Greys of a DICOM file are shown by its window, see `dicom_values.shown_values`.

    Raises:
        DataError: the file is missing, empty, truncated or no image, holds several frames or values that are not
            finite, or its picture is in its transparency alone; the message names the file and the fix.
    """
    with opened(path) as stored:
        rgb = _to_rgb(path, stored)
        return rgb if stored.orientation == 1 else Image.fromarray(stored.upright(np.asarray(rgb)))


def read_stored(path: Path) -> np.ndarray:
    """The pixels as the file holds them, not turned: (H, W, 3) uint8 RGB, or the stored values of more than 8 bits.

    Those are (H, W) of grey, (H, W, 3) of colours. Raises `DataError` as `read_image` does.
    """
    with opened(path) as stored:
        if stored.deep_colours is not None:
            return _colours(path, stored.deep_colours)
        if stored.image.mode in DEEP_MODES:
            values = np.asarray(stored.image)
            check_finite(path, values, "pixels")
            return values
        return np.asarray(_to_rgb(path, stored))


def read_size(path: Path) -> tuple[int, int]:
    """Height and width of the upright picture, pixels, from the header alone. Raises `DataError` as `read_image`."""
    with opened(path, pixels=False) as stored:
        return stored.size


def _to_rgb(path: Path, stored: Stored) -> Image.Image:
    """Any mode as 8-bit RGB; always a new image that is independent of the open file."""
    image = stored.image
    if stored.deep_colours is not None:
        return Image.fromarray(to_bytes(_colours(path, stored.deep_colours)))
    if image.mode in DEEP_MODES:
        values = np.asarray(image, dtype=np.float64)
        check_finite(path, values, "pixels")
        return Image.fromarray(to_bytes(values)).convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        pixels = np.asarray(image.convert("RGBA"))
        return Image.fromarray(_colours(path, pixels))
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA").convert("RGB")
    return image.convert("RGB") if image.mode != "RGB" else image.copy()


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Values scaled by their smallest and largest to uint8; black where they are all equal."""
    low, high = float(values.min()), float(values.max())
    wide = values.astype(np.float64)
    scaled = (wide - low) * (255.0 / (high - low)) if high > low else np.zeros_like(wide)
    return np.rint(scaled).astype(np.uint8)


def _colours(path: Path, pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) of (H, W, 3 or 4). Raises `DataError` where the colours are constant and the transparency is not."""
    colours = np.ascontiguousarray(pixels[..., :3])
    if pixels.shape[2] == 4 and np.ptp(pixels[..., 3]) and not np.ptp(colours.reshape(-1, 3), axis=0).any():
        raise DataError(
            f"{one_line(path)}: has one colour everywhere, and its picture in the transparency.\n"
            "Write it without transparency, or restore this file from the owner's archive."
        )
    return colours
