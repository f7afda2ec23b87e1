"""The values of a decoded image as they are stored, where Pillow's own conversion would lose or change them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import require_memory
from bench.data.volumes import check_finite

GREY_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
"""Pillow's greyscale modes of more than 8 bits."""
_MODES = (*GREY_MODES, "1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
"""Tags of TIFF."""
_WORKING_BYTES = 48
"""Memory a pixel of deep colour takes: as stored and decoded twice, and as float64."""
_SIZ = b"\xff\x4f\xff\x51"
"""How a JPEG 2000 codestream begins; the depth of its first channel comes 42 bytes later."""


def is_deep(path: Path, image: Any) -> bool:
    """Whether an open image, not yet loaded, holds what 8 bits from 0 do not. Raises as `require_known` does.

    Pillow cuts colours, and grey with alpha, to 8 bits, and takes 8 bits with a sign for those without.
    """
    require_known(path, image)
    if image.mode in GREY_MODES:
        return True
    if image.format == "TIFF":
        return bool(np.max(image.tag_v2.get(_BITS, 1)) > 8) or _is_signed_byte(image)
    if image.format == "JPEG2000":
        return _jpeg2000_bits(path) > 8
    if image.format == "PPM":
        return any(isinstance(tile[3], tuple) and tile[3][-1] > 255 for tile in image.tile)
    return image.format in ("PNG", "SGI") and any(re.search(";16|SGI16", str(tile)) for tile in image.tile)


def require_known(path: Path, image: Any) -> None:
    """Raise `DataError` where an image is in a colour space that has no stated conversion to RGB."""
    if image.mode not in _MODES:
        raise DataError(
            f"{one_line(path)}: its colours are of the kind {image.mode}; expected grey, a palette, RGB, CMYK or YCbCr."
            "\nSave it as grey or RGB."
        )


def deep_values(path: Path, image: Any) -> np.ndarray:
    """Values of a loaded image for which `is_deep` holds: grey (H, W), or colours and alpha (H, W, 3 or 4), uint16.

    Raises:
        DataError: values are not finite, or are colours of more than 8 bits in a form that is not read.
    """
    return _grey(path, image) if image.mode in GREY_MODES or _is_signed_byte(image) else _colours(path, image)


def eight_bits(values: np.ndarray) -> np.ndarray:
    """Values of any type, scaled by the smallest and largest of all channels to 0..255, uint8; black where equal."""
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return np.zeros(values.shape, np.uint8)
    return np.rint((values.astype(np.float64) - low) * (255.0 / (high - low))).astype(np.uint8)


def _is_signed_byte(image: Any) -> bool:
    return image.format == "TIFF" and image.mode == "L" and image.tag_v2.get(_SAMPLE_FORMAT, (1,))[0] == 2


def _grey(path: Path, image: Any) -> np.ndarray:
    values = np.asarray(image)
    tags = image.tag_v2 if image.format == "TIFF" else {}
    if image.mode == "L":
        return values.view(np.int8)
    if image.mode == "I" and tags.get(_SAMPLE_FORMAT, (2,))[0] == 1 and np.max(tags.get(_BITS, 1)) == 32:
        values = values.view(np.uint32)
    if image.mode == "F":
        check_finite(path, values, "pixels")
    if tags.get(_PHOTOMETRIC) == 0:  # the smallest value is white
        values = -values if image.mode == "F" else np.iinfo(np.uint16).max - values
    return values


def _colours(path: Path, image: Any) -> np.ndarray:
    """Colours as OpenCV decodes them, provided that their high bytes are what Pillow has."""
    import cv2

    require_memory(image.width * image.height * _WORKING_BYTES, f"an image of {image.width} x {image.height}")
    found = None
    if image.format in ("PNG", "TIFF") and image.mode in ("RGB", "RGBA"):
        found = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    shallow = np.asarray(image)
    if found is not None and found.dtype == np.uint16 and found.ndim == 3:
        colours: np.ndarray = found[..., [2, 1, 0, 3][: shallow.shape[-1]]]
        if colours.shape == shallow.shape and (colours >> 8 == shallow).all():
            return colours
    raise DataError(
        f"{one_line(path)}: has colours of more than 8 bits a channel, in a form of {image.format} that is not read.\n"
        "Save it as PNG or TIFF of 16 bits a channel (RGB, alpha not premultiplied), or as 8 bits."
    )


def _jpeg2000_bits(path: Path) -> int:
    with path.open("rb") as file:
        head = file.read(2**16)
    place = head.find(_SIZ) + 42
    return (head[place] & 0x7F) + 1 if 42 <= place < len(head) else 8
