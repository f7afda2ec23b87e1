"""Reading image files, by one set of rules for every format (docs/images.md), and with one kind of error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.data.decoding import masks
from bench.data.decoding.files import load, opened, size_of, upright
from bench.data.decoding.values import deep_values, eight_bits, is_deep

_WITH_ALPHA = ("LA", "PA", "RGBA")


def read_image(path: Path) -> Image.Image:
    """Decode an image file to 8-bit RGB, the right way up.

    Grey and colours of more than 8 bits are scaled by the image's own minimum and maximum to 0..255; transparency is
    dropped; gamma and colour profiles are not applied.

    Raises:
        DataError: the file is missing, empty, truncated or no image, holds several frames or values that are not
            finite, or shows its picture in its transparency alone; the message names the file and the fix.
    """
    with opened(path) as image:
        deep = is_deep(path, image)
        orientation = load(path, image)
        rgb = _rgb_of(eight_bits(_deep(path, image))) if deep else _shallow(path, image)
    return rgb if orientation == 1 else Image.fromarray(upright(np.asarray(rgb), orientation))


def read_pixels(path: Path) -> np.ndarray:
    """What `read_image` scales: values of more than 8 bits as stored, (H, W) or (H, W, 3); else (H, W, 3) uint8.

    Raises `DataError` as `read_image` does.
    """
    with opened(path) as image:
        deep = is_deep(path, image)
        orientation = load(path, image)
        pixels = _deep(path, image) if deep else np.asarray(_shallow(path, image))
    return upright(pixels, orientation)


def read_mask_values(path: Path) -> np.ndarray:
    """The values of a mask as stored: (H, W) grey or palette indices, or (H, W, 3) where it has colours.

    Transparency is the mask where the colour is the same everywhere. Colours are never mixed to grey.

    Raises:
        DataError: as `read_image` does, and where colours and transparency show two masks.
    """
    with opened(path) as image:
        return masks.mask_values(path, image)


def read_size(path: Path) -> tuple[int, int]:
    """Height and width in pixels, the right way up. Raises `DataError` as `read_image` does for what it looks at."""
    with opened(path) as image:
        return size_of(image)


def _shallow(path: Path, image: Any) -> Image.Image:
    """8-bit RGB of a loaded image of up to 8 bits a channel; independent of the open file."""
    if image.mode == "RGB":
        rgb: Image.Image = image.copy()
        return rgb
    has_alpha = image.mode in _WITH_ALPHA or (image.mode == "P" and "transparency" in image.info)
    if has_alpha:
        image = image.convert("RGBA")
        _require_colours(path, image.getextrema())
    rgb = image.convert("RGB")
    return rgb


def _deep(path: Path, image: Any) -> np.ndarray:
    """Grey (H, W) or colours (H, W, 3) of a loaded image of more than 8 bits a channel."""
    values = deep_values(path, image)
    if values.ndim == 3 and values.shape[-1] == 4:
        _require_colours(path, [(channel.min(), channel.max()) for channel in np.moveaxis(values, -1, 0)])
    return values[..., :3] if values.ndim == 3 else values


def _rgb_of(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels).convert("RGB")


def _require_colours(path: Path, extrema: Any) -> None:
    """Raise `DataError` where red, green and blue are the same everywhere, and alpha is not."""
    *colours, alpha = (low == high for low, high in extrema)
    if all(colours) and not alpha:
        raise DataError(
            f"{one_line(path)}: shows its picture in its transparency alone; its colour is the same everywhere.\n"
            "Save it as it looks on a background, without transparency."
        )
