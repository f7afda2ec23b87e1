"""The values of masks: never a conversion of colours, so that two labels stay two, and background stays 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.data.decoding.files import load, upright
from bench.data.decoding.remarks import remark
from bench.data.decoding.values import deep_values, is_deep

BRIGHT_BACKGROUND = "index 0 of the palette is read as background, and its colour is brighter than the others"


def mask_values(path: Path, image: Any) -> np.ndarray:
    """What an open mask holds: palette indices or grey values (H, W), or colours (H, W, 3) where they are not grey.

    Raises:
        DataError: its colours and its transparency show two masks, or it is CMYK; names the file and the fix.
    """
    deep = is_deep(path, image)
    if image.mode == "CMYK":
        raise DataError(f"{one_line(path)}: is a mask in CMYK; expected grey, a palette or RGB.\nSave it as grey.")
    orientation = load(path, image)
    values, alpha = _split(deep_values(path, image) if deep else _shallow(image))
    if image.mode == "P":
        _note_bright_background(path, image, values)
    shown = values if alpha is None else _choose(path, values, alpha)
    return upright(shown, orientation)


def codes(values: np.ndarray) -> np.ndarray:
    """One whole number (H, W) per pixel: grey values as they are; of colours (H, W, 3) a number each, black being 0."""
    if values.ndim == 2:
        return values
    base = 1 << (8 * values.dtype.itemsize)
    red, green, blue = (values[..., channel].astype(np.int64) for channel in range(3))
    return (red * base + green) * base + blue


def _shallow(image: Any) -> np.ndarray:
    """(H, W) or (H, W, C), uint8, with grey from 0 to 255 also for images of one bit."""
    if image.mode in ("1", "YCbCr", "RGBX"):
        return np.asarray(image.convert("L" if image.mode == "1" else "RGB"))
    return np.asarray(image)


def _split(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Values (H, W), or (H, W, 3) where channels differ, and alpha (H, W) if there is any."""
    if pixels.ndim == 2:
        return pixels, None
    n_colours = pixels.shape[-1] - (pixels.shape[-1] in (2, 4))
    colours, alpha = pixels[..., :n_colours], pixels[..., n_colours:]
    values = colours[..., 0] if (colours == colours[..., :1]).all() else colours
    return values, alpha[..., 0] if alpha.shape[-1] else None


def _choose(path: Path, values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The mask in `values` or in `alpha`: of the two, the one that tells pixels apart; either where both agree."""
    numbers = codes(values)
    one_colour, one_alpha = numbers.min() == numbers.max(), alpha.min() == alpha.max()
    if one_colour and not (one_alpha and alpha.max() == np.iinfo(alpha.dtype).max):
        return alpha
    if one_alpha or ((numbers != 0) == (alpha != 0)).all():
        return values
    raise DataError(
        f"{one_line(path)}: is a mask whose colours and whose transparency differ; which of them is the mask is not "
        "known.\nSave it as grey, without transparency."
    )


def _note_bright_background(path: Path, image: Any, values: np.ndarray) -> None:
    """Remark on a palette that draws background brighter than structures, as viewers show the opposite of a mask."""
    used = np.unique(values)
    if used[0] == 0 and len(used) > 1:
        grey = np.array(image.getpalette("RGB")).reshape(-1, 3)[used].sum(axis=1)
        if grey[0] > grey[1:].max():
            remark(path, BRIGHT_BACKGROUND)
