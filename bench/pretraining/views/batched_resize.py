"""Parts of many images of many sizes resized to squares at once, on any device, as Pillow resizes them.

Each crop is gathered into a rectangle, and a row of the result is a weighted sum of its rows: two products of matrices,
with the weights of `resize.py`. Results are rounded after each, as Pillow does, and differ from it by a level at most
here and there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.pretraining.views.resize import CUBIC_A, REACH

LIMIT_BYTES = {"cpu": 2**24, "cuda": 2**29}
"""Of the gathered rectangles of a part of a batch, as floats: what a cache holds, or a share of a GPU's memory."""


class Images(NamedTuple):
    """B images on a device, of many sizes, side by side."""

    flat: Tensor
    """(N, 3), uint8: pixels of all, row by row."""
    start: np.ndarray
    """(B,), int64: where each begins."""
    height: np.ndarray
    width: np.ndarray
    stride: np.ndarray
    """Pixels from one row to the next, at least the width."""

    def take(self, index: np.ndarray) -> Images:
        """Some of them."""
        return Images(self.flat, *(part[index] for part in self[1:]))


class Span(NamedTuple):
    """Of each of B crops along one axis: which pixels it needs, and by what weights."""

    first: np.ndarray
    """(B,), the first pixel."""
    pixels: np.ndarray
    """(B,), how many."""
    low: np.ndarray
    """Where the crop begins."""
    length: np.ndarray
    size: np.ndarray
    """Of the image."""
    out: np.ndarray
    """Pixels of the result."""

    @classmethod
    def of(cls, low: np.ndarray, length: np.ndarray, size: np.ndarray, out: np.ndarray, reach: float) -> Span:
        """Pixels within the filter's reach of the crop, inside the image."""
        wide = reach * np.maximum(length / out, 1.0)
        first = np.maximum(np.floor(low - wide), 0).astype(np.int64)
        end = np.minimum(np.ceil(low + length + wide), size).astype(np.int64)
        return cls(first, end - first, low, length, size, out)

    def take(self, index: np.ndarray) -> Span:
        """Of some crops."""
        return Span(*(part[index] for part in self))

    def weights(self, side: int, reach: float, mirrored: np.ndarray, device: torch.device) -> Tensor:
        """(B, side, most pixels), float32: rows are the pixels of the result, from the last on where `mirrored`."""
        values = [self.low - self.first, self.length, self.out, self.size - self.first, mirrored]
        low, length, out, size, turned = on_device(np.stack(values), device)[..., None].unbind(0)  # (B, 1) each
        place = torch.arange(side, device=device, dtype=torch.float64)
        place = torch.where(turned > 0, out - 1 - place, place)  # (B, side)
        scale = length / out
        centre = (low + (place + 0.5) * scale).float()[..., None]
        pixel = torch.arange(int(self.pixels.max()), device=device) + 0.5
        distance = (pixel - centre).abs_().div_(scale.clamp(min=1).float()[..., None])
        weight = (1 - distance).clamp_(min=0) if reach == 1 else _cubic(distance)
        weight.mul_(pixel < size.float()[..., None])
        return weight.div_(weight.sum(-1, keepdim=True).clamp_(min=1e-6))


def _cubic(x: Tensor) -> Tensor:
    near = ((CUBIC_A + 2) * x - (CUBIC_A + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * CUBIC_A
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


def resized(
    images: Images, crops: np.ndarray, height: np.ndarray, width: np.ndarray, resample: Image.Resampling,
    mirrored: np.ndarray,
) -> Tensor:  # fmt: skip
    """Crops (B, 4: top, left, height, width) of B images, each at its height and width (B,), int.

    Returns:
        (B, 3, most rows, most columns), float32, whole numbers from 0 to 255; what is beyond an item's size says
        nothing.
    """
    reach, device = REACH[resample], images.flat.device
    rows = Span.of(crops[:, 0], crops[:, 2], images.height, height, reach)
    columns = Span.of(crops[:, 1], crops[:, 3], images.width, width, reach)
    made = torch.empty(len(crops), 3, int(height.max()), int(width.max()), device=device)
    upright = np.zeros(len(crops), bool)
    for part in parts(rows.pixels, columns.pixels, LIMIT_BYTES[device.type]):
        y, x = rows.take(part), columns.take(part)
        pixels = _gathered(images.take(part), y, x)  # (b, rows, 3, columns)
        across = x.weights(made.shape[3], reach, mirrored[part], device)
        down = y.weights(made.shape[2], reach, upright[part], device)
        lines = _levels(pixels.flatten(1, 2) @ across.mT)  # (b, rows x 3, width)
        whole = _levels(down @ lines.view(len(part), pixels.shape[1], -1))  # (b, height, 3 x width)
        made[on_device(part, device)] = whole.view(len(part), made.shape[2], 3, -1).transpose(1, 2)
    return made


def parts(rows: np.ndarray, columns: np.ndarray, limit_bytes: int) -> Iterator[np.ndarray]:
    """Indices of rectangles, those of similar size together, so that a part with all padded fits into the limit."""
    order = np.argsort(rows * columns, kind="stable")[::-1]
    begin = 0
    while begin < len(order):
        end, high, wide = begin, 0, 0
        while end < len(order):
            high, wide = max(high, int(rows[order[end]])), max(wide, int(columns[order[end]]))
            if end > begin and 12 * high * wide * (end + 1 - begin) > limit_bytes:
                break
            end += 1
        yield order[begin:end]
        begin = end


def _gathered(images: Images, y: Span, x: Span) -> Tensor:
    """(B, most rows, 3, most columns), float32; places beyond an image repeat its last pixel, and weigh nothing."""
    device = images.flat.device
    known = on_device(np.stack([images.start, images.stride, y.first, y.size - 1, x.first, x.size - 1]), device)
    start, stride, top, bottom, left, right = known[..., None].unbind(0)  # (B, 1) each
    rows = torch.minimum(top + torch.arange(int(y.pixels.max()), device=device), bottom)
    columns = torch.minimum(left + torch.arange(int(x.pixels.max()), device=device), right)
    places = (start + rows * stride)[:, :, None] + columns[:, None, :]
    return images.flat[places].transpose(2, 3).float()


def _levels(values: Tensor) -> Tensor:
    return values.round_().clamp_(0, 255)


def on_device(array: np.ndarray, device: torch.device) -> Tensor:
    """An array on a device; a GPU is not waited for."""
    tensor = torch.from_numpy(array.copy())
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
