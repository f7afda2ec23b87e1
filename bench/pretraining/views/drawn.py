"""The random numbers of a view, drawn before anything is computed, so that every executor computes the same view.

Numbers, ranges and order are torchvision's (`RandomResizedCrop.get_params`, `ColorJitter.get_params`), from torch's
global generator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torchvision.transforms import ColorJitter

from bench.pretraining.views.resize import Crop

ATTEMPTS = 10
"""At a crop that lies inside the image, before the largest one in the middle is taken."""
BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)
"""Numbers of the changes of colour, as torchvision orders them."""
NO_CHANGE = -1


class Box(NamedTuple):
    """Where a view was cut, in fractions of the image's height and width, and whether it was flipped."""

    top: float
    left: float
    height: float
    width: float
    flipped: bool


class Drawn(NamedTuple):
    """One view of an image of a known size."""

    crop: Crop
    flipped: bool
    changes: tuple[tuple[int, float], ...]
    """Of colour, in their order: number and factor, for the hue a share of the full circle."""
    grey: bool
    sigma: float
    """Standard deviation of the blur in pixels of the view; 0: none."""
    solarised: bool

    def box(self, height: int, width: int) -> Box:
        """Where it lies in an image of this size."""
        top, left, rows, columns = self.crop
        return Box(top / height, left / width, rows / height, columns / width, self.flipped)

    def row(self) -> list[float]:
        """As `ROW` numbers, for a batch of them: crop, flipped, grey, solarised, sigma, 4 changes, their 4 factors."""
        order = [number for number, _ in self.changes] + (4 - len(self.changes)) * [NO_CHANGE]
        factors = [factor for _, factor in self.changes] + (4 - len(self.changes)) * [0.0]
        return [*self.crop, self.flipped, self.grey, self.solarised, self.sigma, *order, *factors]


ROW = 16
"""Numbers of a view in a batch, see `Drawn.row`."""


def draw_crop(height: int, width: int, scale: Sequence[float], ratio: Sequence[float] = (3 / 4, 4 / 3)) -> Crop:
    """A crop of a share of the area between `scale`, with sides in a proportion between `ratio` (width to height)."""
    low, high = torch.log(torch.tensor(ratio)).tolist()
    for _ in range(ATTEMPTS):
        area = height * width * torch.empty(1).uniform_(scale[0], scale[1]).item()
        proportion = torch.empty(1).uniform_(low, high).exp_().item()
        columns, rows = round(math.sqrt(area * proportion)), round(math.sqrt(area / proportion))
        if 0 < columns <= width and 0 < rows <= height:
            top = int(torch.randint(0, height - rows + 1, (1,)).item())
            return top, int(torch.randint(0, width - columns + 1, (1,)).item()), rows, columns
    rows, columns = height, width
    if width / height < min(ratio):
        rows = round(width / min(ratio))
    elif width / height > max(ratio):
        columns = round(height * max(ratio))
    return (height - rows) // 2, (width - columns) // 2, rows, columns


def draw_changes(strengths: tuple[float, float, float, float]) -> tuple[tuple[int, float], ...]:
    """Changes of brightness, contrast, saturation and hue by random factors in random order; none of strength 0."""
    ranges = [[max(0.0, 1 - s), 1 + s] for s in strengths[:3]]
    order, *factors = ColorJitter.get_params(*ranges, [-strengths[3], strengths[3]])
    return tuple((number, float(factors[number])) for number in order.tolist() if strengths[number] > 0)
