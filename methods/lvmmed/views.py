"""Two views of an image that remember where they were cut, and where their feature-map cells lie in the image.

Coordinates come from a crop box alone (`cell_centres`), not from the grid of lightly's `RandomResizedCropAndFlip`. That
grid (lightly 1.6, `location_to_NxN_grid`) is `linspace(left, left + width, n) + width / (2 n)`: for n = 2 and a crop
from 0 to 1 it says 0.25 and 1.25 where the centres are 0.25 and 0.75, so its last cell is outside the crop, and a flip
gives the first cell 1.25 instead of 0.75.
"""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor

from bench.pretraining.augment import MultiView


class Views(TypedDict):
    """Two views of one image, or of a batch after collation."""

    images: list[Tensor]
    """Two normalised images, each (3, H, W); batched (B, 3, H, W)."""
    boxes: list[Tensor]
    """Two crop boxes, each (5,); batched (B, 5): top, left, height and width as fractions of the original image's
    height and width, and 1 if the crop was flipped left to right, else 0."""


class TwoViews(MultiView):
    """Random crop, flip, colour jitter and blur, twice, of one RGB image, each by its own augmentation; see `Views`."""

    def arranged(self, views: list[Tensor], boxes: list[Tensor]) -> Views:
        """Views and boxes."""
        return {"images": views, "boxes": boxes}


def cell_centres(boxes: Tensor, rows: int, columns: int) -> Tensor:
    """Centres of feature-map cells in the original image.

    Args:
        boxes: (B, 5), see `Views`.
        rows: R of the feature map.
        columns: S of the feature map.

    Returns:
        (B, R * S, 2), row-major, as (y, x) in fractions of the original image's height and width.
    """
    top, left, height, width, flipped = boxes.float().unbind(1)  # (B,) each
    y = (torch.arange(rows, device=boxes.device) + 0.5) / rows  # (R,), in the crop
    x = (torch.arange(columns, device=boxes.device) + 0.5) / columns  # (S,)
    x = torch.where(flipped[:, None] > 0.5, 1 - x, x)  # (B, S)
    y = top[:, None] + height[:, None] * y  # (B, R)
    x = left[:, None] + width[:, None] * x
    grid = torch.stack([y[:, :, None].expand(-1, -1, columns), x[:, None, :].expand(-1, rows, -1)], dim=-1)
    return grid.flatten(1, 2)
