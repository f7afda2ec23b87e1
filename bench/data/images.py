"""Reading image files: one way to open them, one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import reason_of, require_memory, require_regular

_WORKING_BYTES = 12
"""Memory a pixel takes while it is decoded: as stored, and as RGB with a copy, or as float64."""
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
"""Pillow's greyscale modes of more than 8 bits."""


def read_image(path: Path) -> Image.Image:
    """Decode an image file to 8-bit RGB.

    Greyscale of more than 8 bits is scaled by its own minimum and maximum to 0..255; transparency is dropped.

    Raises:
        DataError: the file is missing, empty, truncated or no image; the message names the file and the fix.
    """
    with _opened(path) as image:
        image.load()  # raises where the file is truncated
        return _to_rgb(image)


def read_grey(path: Path) -> np.ndarray:
    """Decode an image file to grey values (H, W): uint8, or the stored values where it has more than 8 bits.

    Palettes and colours become luminance. Raises `DataError` as `read_image` does.
    """
    with _opened(path) as image:
        image.load()
        return np.asarray(image if image.mode in _DEEP_MODES else image.convert("L"))


def read_size(path: Path) -> tuple[int, int]:
    """Height and width in pixels, from the header alone. Raises `DataError` as `read_image` does."""
    with _opened(path) as image:
        return image.height, image.width


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image; whatever fails while it is open becomes one `DataError`."""
    try:
        if require_regular(path) == 0:
            raise ValueError("the file is empty (0 bytes)")
        with Image.open(path) as image:
            require_memory(image.width * image.height * _WORKING_BYTES, f"an image of {image.width} x {image.height}")
            yield image
    except FileNotFoundError as error:
        raise DataError(f"{one_line(path)}: there is no such file.\nRestore it from the owner's archive.") from error
    except Image.DecompressionBombError as error:
        most = f"{2 * (Image.MAX_IMAGE_PIXELS or 0):,}".replace(",", " ")
        raise DataError(
            f"{one_line(path)}: has more than {most} pixels, the most that is decoded.\nMake it smaller, or cut it "
            "into tiles, and name those instead."
        ) from error
    except Exception as error:  # Pillow's decoders raise many types: OSError, SyntaxError, struct.error, ...
        reason = "it is not an image" if isinstance(error, UnidentifiedImageError) else reason_of(error)
        raise DataError(
            f"{one_line(path)}: cannot be decoded: {reason}.\nRestore this file from the owner's archive, or remove it."
        ) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to 8-bit RGB; always a new image that is independent of the open file."""
    if image.mode in _DEEP_MODES:
        values = np.asarray(image, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
        return Image.fromarray(np.rint(scaled).astype(np.uint8)).convert("RGB")
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA").convert("RGB")
    return image.convert("RGB") if image.mode != "RGB" else image.copy()
