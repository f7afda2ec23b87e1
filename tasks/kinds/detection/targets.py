"""Boxes of a batch as one tensor, so that images with different numbers of boxes can be stacked."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bench.core.task import BoxTarget

PADDING = -1.0
"""Label of rows that hold no box."""


def to_tensor(target: BoxTarget, image_size: int, n_rows: int) -> Tensor:
    """Boxes on an input of S x S pixels: (n_rows, 5), float32, label and corners; rows beyond the boxes are padding."""
    rows = torch.full((n_rows, 5), PADDING)
    if target.boxes:
        boxes = torch.tensor(target.boxes, dtype=torch.float64)
        boxes[:, 1:] *= image_size / torch.tensor([target.width, target.height] * 2)
        rows[: len(boxes)] = boxes.float()
    return rows


def split(target: Tensor) -> list[tuple[Tensor, Tensor]]:
    """(B, n_rows, 5) -> for each image its boxes (N, 4) and labels (N,), int64, without the padding."""
    found = [rows[rows[:, 0] != PADDING] for rows in target]
    return [(rows[:, 1:], rows[:, 0].long()) for rows in found]


def most_boxes(targets: Sequence[BoxTarget]) -> int:
    """Rows that a batch of any of these needs; at least one."""
    return max((len(target.boxes) for target in targets), default=1) or 1


def flip(image: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror an image (3, S, S) and its boxes (n_rows, 5) left to right."""
    mirrored = rows.clone()
    real = rows[:, 0] != PADDING
    mirrored[real, 1], mirrored[real, 3] = image.shape[-1] - rows[real, 3], image.shape[-1] - rows[real, 1]
    return image.flip(-1), mirrored
