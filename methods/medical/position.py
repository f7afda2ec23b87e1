"""VoCo on 2D images: crops whose places are known, and what their embeddings are to say of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import torch
from lightly.models.modules.heads import ProjectionHead
from lightly.models.utils import deactivate_requires_grad
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from bench.engine.images import normalise

EPSILON = 1e-6


class Crops(TypedDict):
    """Views of one image, or of a batch after collation."""

    bases: list[Tensor]
    """grid^2 crops (3, H, W) that tile the image, row by row."""
    crops: list[Tensor]
    """Random crops (3, H, W) of the same size."""
    overlaps: Tensor
    """(crops, grid^2): shares of each random crop's area that lie in each base crop."""


@dataclass(frozen=True)
class PositionCrops:
    """Base crops and random crops of an RGB image of any size (Wu et al. 2024, Section 3; `utils/data_utils.py`).

    Every crop is flipped along each axis with a chance of 0.2, turned by quarters with 0.2, and changed in brightness
    by up to 0.1 with 0.1, as published. Randomness comes from torch's global generator.
    """

    size: int
    grid: int
    count: int

    def __call__(self, image: Image.Image) -> Crops:
        """See `Crops`."""
        cells = [(row / self.grid, column / self.grid) for row in range(self.grid) for column in range(self.grid)]
        corners = ((1 - 1 / self.grid) * torch.rand(self.count, 2)).tolist()
        bases, crops = ([self._cut(image, *place) for place in places] for places in (cells, corners))
        return {"bases": bases, "crops": crops, "overlaps": overlaps(torch.tensor(corners), self.grid)}

    def _cut(self, image: Image.Image, top: float, left: float) -> Tensor:
        width, height = image.width / self.grid, image.height / self.grid
        box = (left * image.width, top * image.height, left * image.width + width, top * image.height + height)
        cut = image.resize((self.size, self.size), Image.Resampling.BILINEAR, box=box)
        x = torch.from_numpy(np.array(cut)).permute(2, 0, 1).float().div(255)  # (3, H, W)
        down, right, turn, shift, quarters, by = torch.rand(6).tolist()
        x = x.flip(1) if down < 0.2 else x
        x = x.flip(2) if right < 0.2 else x
        x = x.rot90(1 + int(3 * quarters), (1, 2)) if turn < 0.2 else x
        return normalise(x + (0.2 * by - 0.1) if shift < 0.1 else x)


def overlaps(corners: Tensor, grid: int) -> Tensor:
    """Shares (N, grid^2) of windows' areas in each cell of a grid; windows are as large as a cell.

    Args:
        corners: (N, 2) top and left, in fractions of the image, from 0 to 1 - 1 / grid.
        grid: Cells a side.
    """
    places = corners[:, :, None] * grid - torch.arange(grid)  # (N, 2, grid): distance of window and cell, in cells
    sides = relu(1 - places.abs())
    return (sides[:, 0, :, None] * sides[:, 1, None, :]).flatten(1)


def similarity(crops: Tensor, bases: Tensor) -> Tensor:
    """Cosines (B, N, M) of embeddings (B, N, D) and (B, M, D), those below 0 as 0."""
    return relu(normalize(crops, dim=-1) @ normalize(bases, dim=-1).mT)


def position_losses(predicted: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """How far predicted shares (B, N, M) are from those wanted, where these are above 0, and where they are 0.

    The first is -log(1 - |wanted - predicted|), weighted by what is wanted, the second the square of what is
    predicted; each a mean over an image, then over the batch (`ce_loss` of the authors' `models/voco_head.py`).
    """
    near = -wanted * torch.log(1 - (wanted - predicted).abs() + EPSILON)
    none = (wanted == 0).to(predicted.dtype)
    far = none * predicted.square()
    weights = (wanted.sum((1, 2)) + EPSILON, none.sum((1, 2)) + EPSILON)
    return (near.sum((1, 2)) / weights[0]).mean(), (far.sum((1, 2)) / weights[1]).mean()


def discrepancy_loss(bases: Tensor) -> Tensor:
    """Mean square of positive cosines between the base crops (B, M, D) of an image, the later one of a pair fixed."""
    cosines = similarity(bases, bases.detach())
    first, second = torch.triu_indices(cosines.shape[1], cosines.shape[1], 1)
    return cosines[:, first, second].square().mean()


def embedded(encoder: Any, views: Crops) -> tuple[Tensor, Tensor]:
    """Projections (B, N, D) of random crops and (B, M, D) of base crops, through one pass of `backbone` and `head`.

    Neither needs a gradient where no parameter of the encoder does.
    """
    count = len(views["crops"])
    z = encoder["head"](encoder["backbone"](torch.cat([*views["crops"], *views["bases"]])).pooled).float()
    z = z.unflatten(0, (-1, len(views["crops"][0]))).transpose(0, 1)  # (B, N + M, D)
    return z[:, :count], z[:, count:]


def student_and_teacher(backbone: Any, hidden: int, out: int) -> nn.Module:
    """Encoder and head (three layers, norms without weights: `models/voco_head.py`), and a teacher equal to them."""
    norms = [nn.BatchNorm1d(hidden, affine=False, track_running_stats=False) for _ in range(2)]
    width = int(backbone.embedding_dim)
    head = ProjectionHead(
        [(width, hidden, norms[0], nn.ReLU()), (hidden, hidden, norms[1], nn.ReLU()), (hidden, out, None, None)]
    )
    teacher = nn.ModuleDict({"backbone": deepcopy(backbone), "head": deepcopy(head)})
    deactivate_requires_grad(teacher)
    return nn.ModuleDict({"backbone": backbone, "head": head, "teacher": teacher})
