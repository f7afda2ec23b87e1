"""Values of the greys of a DICOM file: in the unit of the modality, and as the file says that they are shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

INVERTED = "MONOCHROME1"


def scaled(stored: np.ndarray, header: Any) -> np.ndarray:
    """Values in the unit of the modality: after the file's lookup table, or slope and intercept, if it has any."""
    from pydicom.pixels import apply_modality_lut

    if "ModalityLUTSequence" not in header and (slope_of(header) == (1, 0)):
        return stored
    values: np.ndarray = apply_modality_lut(stored, header)
    return values


def slope_of(header: Any) -> tuple[float, float]:
    """Slope and intercept of the modality's scaling; 1 and 0 where the file has none."""
    return float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))


def shown_values(stored: np.ndarray, header: Any) -> np.ndarray:
    """Stored greys (H, W) -> uint8 where the file says how they are shown, else values that are not scaled yet.

    First the modality's scaling, then the first lookup table for display, else the first window (PS3.3 C.11.2). Without
    either, unsigned values of 8 bits that the file does not scale are shown as they are. `MONOCHROME1` is inverted, and
    padding is as dark as the darkest of the other pixels.
    """
    padding = _padding(stored, header)
    values = scaled(stored, header)
    shown = _displayed(values, header)
    if shown is None and values is stored and stored.dtype == np.uint8 and int(header.BitsStored) == 8:
        shown = stored
    if str(header.PhotometricInterpretation) == INVERTED:
        shown, values = None if shown is None else 255 - shown, -values.astype(np.float64)
    if shown is not None:
        return np.where(padding, np.uint8(0), shown)
    return np.where(padding, values[~padding].min(), values)


def _displayed(values: np.ndarray, header: Any) -> np.ndarray | None:
    """uint8 by the file's lookup table or window; None where it has none, or one that places no values."""
    from pydicom.pixels import apply_voi

    if header.get("VOILUTSequence") and values.dtype.kind in "biu":
        bits = int(header.VOILUTSequence[0].LUTDescriptor[2])
        shown = np.asarray(apply_voi(values, header), dtype=np.float64) * (255 / (2**bits - 1))
        return np.rint(shown.clip(0, 255)).astype(np.uint8)
    window = _window_of(header)
    if window is None:
        return None
    return np.rint(_windowed(values.astype(np.float64), *window) * 255).astype(np.uint8)


def _window_of(header: Any) -> tuple[float, float, str] | None:
    centre, width = (_first(header.get(name)) for name in ("WindowCenter", "WindowWidth"))
    function = str(header.get("VOILUTFunction") or "LINEAR").upper()
    if not (math.isfinite(centre) and math.isfinite(width)) or width < (1 if function == "LINEAR" else 1e-9):
        return None
    return centre, width, function


def _windowed(values: np.ndarray, centre: float, width: float, function: str) -> np.ndarray:
    """0 to 1, as PS3.3 C.11.2.1.2 and C.11.2.1.3 have it."""
    if function == "SIGMOID":
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-4 * (values - centre) / width)))
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if width == 0:
        return (values > centre).astype(np.float64)
    return np.asarray(((values - centre) / width + 0.5).clip(0, 1))


def _padding(stored: np.ndarray, header: Any) -> np.ndarray:
    """(H, W) bool, pixels that stand for nothing; none where all would be."""
    nothing = np.zeros(stored.shape, dtype=bool)
    if "PixelPaddingValue" not in header:
        return nothing
    first = int(header.PixelPaddingValue)
    last = int(header.get("PixelPaddingRangeLimit", first))
    padding = (stored >= min(first, last)) & (stored <= max(first, last))
    return nothing if padding.all() else padding


def _first(value: Any) -> float:
    """The first number of a field with one or several; NaN without."""
    if value is None or value == "":
        return math.nan
    return float(value) if isinstance(value, int | float) else float(next(iter(value), math.nan))
