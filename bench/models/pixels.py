"""An encoder without a network: the grey image, shrunk."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from bench.core.kind import Features
from bench.engine.images import MEAN, STD

_GREY = (0.299, 0.587, 0.114)
"""Luma of ITU-R BT.601, as Pillow's mode L."""


class GreyPixels(nn.Module):
    """Images (B, 3, H, W), ImageNet-normalised -> no maps, pooled (B, side * side): grey levels in [0, 1]."""

    channels: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    stem_channels = 0

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side, self.embedding_dim = side, side * side
        grey = torch.tensor(_GREY)
        self.register_buffer("weights", (grey * torch.tensor(STD)).reshape(1, 3, 1, 1))
        self.register_buffer("offset", (grey * torch.tensor(MEAN)).sum())
        self.register_buffer("size", torch.tensor(side))  # so that its state tells two sides apart

    def forward(self, images: Tensor) -> Features:
        """Undo the normalisation, take the luma, shrink with antialiasing, flatten row by row."""
        grey = (images * self.get_buffer("weights")).sum(dim=1, keepdim=True) + self.get_buffer("offset")
        small = interpolate(grey, (self.side, self.side), mode="bilinear", antialias=True, align_corners=False)
        return Features([], small.flatten(1))
