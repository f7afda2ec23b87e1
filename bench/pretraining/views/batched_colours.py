"""Changes of colour and blur of a batch, each item by its own factor, on any device: what `opencv.py` does to one.

Images are (n, 3, H, W), float32, whole numbers from 0 to 255, and so are results: rounding where 8 bits round keeps the
executors within a level or two of each other. Factors are (n,).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

from bench.engine.images import MEAN, STD
from bench.pretraining.views import opencv


def brighten(images: Tensor, factors: Tensor) -> Tensor:
    """See `opencv.brighten`."""
    return _levels(images * _each(factors))


def contrast(images: Tensor, factors: Tensor) -> Tensor:
    """See `opencv.contrast`."""
    mean = _grey(images.mean((2, 3), keepdim=True)).round_()
    return _mixed(images, mean, factors)


def saturate(images: Tensor, factors: Tensor) -> Tensor:
    """See `opencv.saturate`."""
    return _mixed(images, _grey(images), factors)


def shift_hue(images: Tensor, shifts: Tensor) -> Tensor:
    """See `opencv.shift_hue`; hue and saturation are rounded to 256 steps in between, as there."""
    value, least = images.amax(1), images.amin(1)  # (n, H, W)
    spread = value - least
    red, green, blue = images.unbind(1)
    sector = torch.where(value == red, green - blue, torch.where(value == green, blue - red, red - green))
    sector += spread * torch.where(value == red, 0.0, torch.where(value == green, 2.0, 4.0))
    hue = sector.div_(spread.clamp(min=1)).mul_(256 / 6).round_()
    hue = (hue + _each(torch.trunc(shifts * 255))[:, 0]).remainder_(256).mul_(6 / 256)  # sixths of the circle
    depth = (spread * 255 / value.clamp(min=1)).round_().mul_(value / 255)
    made = [(hue + start).remainder_(6) for start in (5.0, 3.0, 1.0)]
    return _levels(torch.stack([value - depth * torch.minimum(k, 4 - k).clamp_(0, 1) for k in made], 1))


CHANGES: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (brighten, contrast, saturate, shift_hue)
"""By their number, see `drawn`."""


def gaussian_blur(images: Tensor, sigmas: Tensor, reach: int) -> Tensor:
    """See `opencv.gaussian_blur`; `reach` is that of the widest kernel, see `reach_of`."""
    height, width = images.shape[2:]
    radius = ((6 * sigmas + 1).round() / 2).floor()  # OpenCV's for 8 bits: an odd number of pixels, 6 sigma + 1
    wide = pad(images, 4 * [reach], mode="replicate")
    across = _bands(width, sigmas, radius, reach)  # (n, width, width + 2 reach)
    down = across if height == width else _bands(height, sigmas, radius, reach)
    lines = wide.flatten(1, 2) @ across.mT  # (n, 3 x rows, width)
    return _levels(down[:, None] @ lines.view(*wide.shape[:3], width))


def reach_of(sigma: float) -> int:
    """Pixels that a blur reaches to each side."""
    return round(6 * sigma + 1) // 2


def _bands(size: int, sigmas: Tensor, radius: Tensor, reach: int) -> Tensor:
    """(n, size, size + 2 reach): each row a kernel, around its pixel in the padded line."""
    places = torch.arange(size + 2 * reach, device=sigmas.device) - reach
    distance = (places - torch.arange(size, device=sigmas.device)[:, None]).abs_()[None]
    weights = torch.exp(-(distance**2) / (2 * sigmas[:, None, None] ** 2)) * (distance <= radius[:, None, None])
    return weights.div_(weights.sum(-1, keepdim=True))


def solarise(images: Tensor) -> Tensor:
    """See `levels.solarise`."""
    return torch.where(images < 128, images, 255 - images)


def normalised(images: Tensor) -> Tensor:
    """ImageNet-normalised, float32."""
    mean, deviation = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (MEAN, STD))
    return (images / 255).sub_(mean).div_(deviation)


def _grey(images: Tensor) -> Tensor:
    red, green, blue = (images[:, i : i + 1] * float(opencv.GREY[i]) for i in range(3))
    return red + green + blue


def _mixed(images: Tensor, other: Tensor, factors: Tensor) -> Tensor:
    share = _each(factors)
    return _levels(images * share + other * (1 - share))


def _each(factors: Tensor) -> Tensor:
    return factors.view(-1, 1, 1, 1)


def _levels(values: Tensor) -> Tensor:
    return values.round_().clamp_(0, 255)
