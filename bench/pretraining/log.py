"""What a pretraining logs besides its scalars: means over its last tenth, which its record has, and its views."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Mapping
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils._pytree import tree_leaves
from torchvision.utils import make_grid

from bench.engine.images import denormalise

MOST_IMAGES, MOST_VIEWS = 8, 12
"""In a picture of views: images, beside each other, and views of each, below each other."""


class LastTenth:
    """Means of what was logged over the last tenth of the steps, at least one; what a record says of a pretraining.

    It is part of the resume state and of the checkpoint: the file of the log is for people alone.
    """

    def __init__(self, total_steps: int) -> None:
        self.rows: deque[dict[str, float]] = deque(maxlen=max(total_steps // 10, 1))

    def add(self, values: Mapping[str, float]) -> None:
        """One step's scalars."""
        self.rows.append(dict(values))

    def means(self) -> dict[str, float]:
        """Name -> mean over the steps that have it; none that is not finite, and no epoch."""
        names = dict.fromkeys(name for row in self.rows for name in row if name != "epoch")
        means = {name: statistics.fmean(row[name] for row in self.rows if name in row) for name in names}
        return {name: round(value, 6) for name, value in means.items() if math.isfinite(value)}


def picture_of_views(views: Any) -> Image.Image | None:
    """The views of the first images of a batch: a column for each image, a row for each view; None without images.

    Views are the tensors (B, 3, H, W) in any nest of them, ImageNet-normalised; smaller ones are enlarged.
    """
    found = [x for x in tree_leaves(views) if isinstance(x, Tensor) and x.ndim == 4 and x.shape[1] == 3][:MOST_VIEWS]
    if not found:
        return None
    rows = [denormalise(view[:MOST_IMAGES].detach().float().cpu()) for view in found]
    size = tuple(max(row.shape[side] for row in rows) for side in (2, 3))
    same = torch.cat([interpolate(row, size=size, mode="nearest") for row in rows])
    grid = make_grid(same, nrow=len(rows[0]), padding=2, pad_value=1.0)
    return Image.fromarray((grid * 255).round().byte().permute(1, 2, 0).numpy())
