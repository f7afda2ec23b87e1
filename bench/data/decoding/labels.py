"""Reading masks: the values that an image file holds, never a luminance of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.data.decoding.opened import DEEP_MODES, Stored, opened
from bench.data.volumes import check_finite

_GREY_MODES = ("1", "L", *DEEP_MODES)


def read_label_values(path: Path, *, lossy: bool = False) -> np.ndarray:
    """The values (H, W) of a mask, upright as its EXIF orientation says.

    Grey of any depth: as stored (0 and 255 of one bit). Palette: the index. Colours: the one value of three equal
    channels, else red x 65536 + green x 256 + blue (of 16 bits likewise with 65536 for 256), or where `lossy` the
    largest of the channels. With transparency, what is not constant is read, colours or transparency; both count where
    they show the same mask.

    Raises:
        DataError: as `images.read_image` does, or colours and transparency show different masks.
    """
    with opened(path, shown=False) as stored:
        return stored.upright(_values(path, stored, lossy))


def _values(path: Path, stored: Stored, lossy: bool) -> np.ndarray:
    image = stored.image
    if stored.deep_colours is not None:
        return _of_colours(path, stored.deep_colours, lossy)
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.mode in _GREY_MODES:
        values = np.asarray(image)
        check_finite(path, values, "pixels")
        return values
    if image.mode == "P":
        return np.asarray(image)
    if image.mode == "PA":
        index, alpha = (np.asarray(image.getchannel(name)) for name in "PA")
        return _with_transparency(path, index, alpha)
    alphas = image.mode in ("LA", "La", "RGBA", "RGBa")
    return _of_colours(path, np.asarray(image.convert("RGBA" if alphas else "RGB")), lossy)


def _of_colours(path: Path, pixels: np.ndarray, lossy: bool) -> np.ndarray:
    """(H, W) of (H, W, 3 or 4)."""
    colours = pixels[..., :3]
    if (colours == colours[..., :1]).all():
        values = colours[..., 0]
    elif lossy:
        values = colours.max(axis=2)
    else:
        base = 65536 if pixels.dtype == np.uint16 else 256
        red, green, blue = (colours[..., i].astype(np.int64) for i in range(3))
        values = (red * base + green) * base + blue
    return _with_transparency(path, values, pixels[..., 3]) if pixels.shape[2] == 4 else values


def _with_transparency(path: Path, values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    if not np.ptp(alpha):
        return values
    if not np.ptp(values):
        return alpha
    if np.array_equal(values != 0, alpha != 0):
        return values
    raise DataError(
        f"{one_line(path)}: its colours and its transparency are two different masks.\n"
        "Write the mask as grey or palette without transparency, or restore this file from the owner's archive."
    )
