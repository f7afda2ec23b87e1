"""Pillow's antialiased resize of a part of an image, on arrays: equal to the bit, without a Pillow image around it.

Pillow holds an image in four bytes a pixel, so that an array has to be copied in and out of it. The arithmetic here is
that of Pillow 13 for 8 bits a channel: weights of 22 bits, along rows, rounded, then along columns; columns first where
they are shrunk by more than twice as many pixels as rows, which earlier versions never did (one level apart).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import boolean, int32, int64, njit, types, uint8, uintp
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB."""
Crop = tuple[int, int, int, int]
"""Top, left, height and width of a part of an image in pixels."""

REACH = {Image.Resampling.BILINEAR: 1.0, Image.Resampling.BICUBIC: 2.0}
"""Filter -> how far it reaches, in pixels of the result where the image is shrunk."""
CUBIC_A = -0.5
"""Of Pillow's bicubic filter."""
_BITS = 22
_Lines = types.Array(uint8, 2, "C", readonly=True)
_Weighted = types.Tuple((int64[::1], int64[::1], int32[:, ::1]))


def crop_resized(
    pixels: Pixels, crop: Crop, height: int, width: int, resample: Image.Resampling, *, flipped: bool = False
) -> Pixels:
    """`Image.resize((width, height), resample, box)` of an array (H, W, 3), mirrored left to right where `flipped`."""
    top, left, rows, columns = crop
    if resample not in REACH:
        box = (left, top, left + columns, top + rows)
        made = np.array(Image.fromarray(pixels).resize((width, height), resample, box=box))
        return np.ascontiguousarray(made[:, ::-1]) if flipped else made
    pixels = np.ascontiguousarray(pixels).view()
    pixels.flags.writeable = False  # one type for the compiler, whatever comes
    resize: Any = _resize  # numba's types do not show the arguments
    made = resize(pixels, top, left, rows, columns, height, width, resample == Image.Resampling.BICUBIC, flipped)
    return made


@njit(cache=True, nogil=True)
def _level(total):  # type: ignore[no-untyped-def]
    return uint8(min(max(total >> _BITS, 0), 255))


@njit(cache=True, nogil=True)
def _weights(size, low, length, out, cubic):  # type: ignore[no-untyped-def]
    """First pixel, number of pixels and their weights (in 2^-22) of each of `out` results."""
    scale = length / out
    stretch = max(scale, 1.0)
    reach = (2.0 if cubic else 1.0) * stretch
    most = math.ceil(reach) * 2 + 1
    weights = np.zeros((out, most), np.int32)
    first, count = np.zeros(out, np.int64), np.zeros(out, np.int64)
    exact = np.empty(most)
    for x in range(out):
        centre = low + (x + 0.5) * scale
        start = max(int(centre - reach + 0.5), 0)
        number = min(int(centre + reach + 0.5), size) - start
        total = 0.0
        for i in range(number):
            distance = abs((i + start - centre + 0.5) * (1.0 / stretch))
            exact[i] = _cubic(distance) if cubic else max(1.0 - distance, 0.0)
            total += exact[i]
        for i in range(number):
            share = exact[i] / total * (1 << _BITS)
            weights[x, i] = int(share - 0.5) if share < 0 else int(share + 0.5)
        first[x], count[x] = start, number
    return first, count, weights


@njit(cache=True, nogil=True)
def _cubic(x):  # type: ignore[no-untyped-def]
    if x < 1.0:
        return ((CUBIC_A + 2.0) * x - (CUBIC_A + 3.0)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * CUBIC_A if x < 2.0 else 0.0


@njit((_Lines, int64, _Weighted, boolean, uint8[:, ::1]), cache=True, nogil=True)
def _along_rows(lines, start, weighted, flipped, made):  # type: ignore[no-untyped-def]
    """All rows from `start` on; indices are unsigned, so that none is tried for being negative."""
    first, count, weights = weighted
    width, one, three = uintp(len(first)), uintp(1), uintp(3)
    for y in range(uintp(made.shape[0])):
        line = lines[y + uintp(start)]
        for x in range(width):
            red = green = blue = int32(1 << (_BITS - 1))
            place, own = uintp(first[x]) * three, weights[x]
            for i in range(uintp(count[x])):
                weight = own[i]
                red += int32(line[place]) * weight
                green += int32(line[place + one]) * weight
                blue += int32(line[place + one + one]) * weight
                place += three
            to = three * (width - one - x if flipped else x)
            made[y, to], made[y, to + one], made[y, to + one + one] = _level(red), _level(green), _level(blue)


@njit((_Lines, int64, _Weighted, uint8[:, ::1]), cache=True, nogil=True)
def _along_columns(lines, skipped, weighted, made):  # type: ignore[no-untyped-def]
    """All columns of an image whose first `skipped` lines are not there."""
    first, count, weights = weighted
    width = uintp(lines.shape[1])
    sums = np.empty(width, np.int32)
    for y in range(uintp(len(first))):
        sums[:] = int32(1 << (_BITS - 1))
        for i in range(uintp(count[y])):
            weight, line = weights[y, i], lines[uintp(first[y] - skipped) + i]
            for j in range(width):
                sums[j] += int32(line[j]) * weight
        row = made[y]
        for j in range(width):
            row[j] = _level(sums[j])


@njit(cache=True, nogil=True)
def _resize(pixels, top, left, rows, columns, height, width, cubic, flipped):  # type: ignore[no-untyped-def]
    high, wide = pixels.shape[0], pixels.shape[1]
    lines = pixels.reshape(high, 3 * wide)
    x = _weights(wide, left, columns, width, cubic)
    y = _weights(high, top, rows, height, cubic)
    made = np.empty((height, 3 * width), np.uint8)
    if high - height > 2 * max(wide - width, 0):
        between = np.empty((height, 3 * wide), np.uint8)
        _along_columns(lines, 0, y, between)
        _along_rows(between, 0, x, flipped, made)
    else:
        start = y[0][0]
        between = np.empty((y[0][height - 1] + y[1][height - 1] - start, 3 * width), np.uint8)
        _along_rows(lines, start, x, flipped, between)
        _along_columns(between, start, y, made)
    return made.reshape(height, width, 3)
