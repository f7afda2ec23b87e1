"""Restoring a slice: the view that is deformed, and a decoder in the form of a U-Net on any encoder's maps."""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.ops import Conv2dNormActivation

from bench.core.kind import Features
from bench.engine.images import normalise
from bench.pretraining.augment import Augmentation
from methods.medical.deform import Rates, deformed_pair

_LEAST = 16
"""Channels of a level of the decoder."""


class DeformedView:
    """A random crop of an RGB image: `image`, deformed and normalised, and `target`, as it was; each (3, H, W)."""

    def __init__(self, augmentation: Augmentation, rates: Rates) -> None:
        self.augmentation, self.rates = augmentation, rates

    def __call__(self, image: Image.Image) -> dict[str, Tensor]:
        """`target` is in [0, 1]."""
        pixels, _ = self.augmentation.crop(image)
        deformed, whole = (torch.from_numpy(x).permute(2, 0, 1) for x in deformed_pair(pixels, self.rates))
        return {"image": normalise(deformed), "target": whole.float().div(255).contiguous()}


class UNetDecoder(nn.Module):
    """Feature maps -> the restored image (B, 3, H, W) in [0, 1], with a skip connection from every map.

    A level has half the channels of its skip connection, as those of the encoder are many. Maps of one stride, as those
    of transformers, are joined where they are; what is left to full size is upsampled in steps of two, with half the
    channels each.
    """

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.has_stem = backbone.stem_channels > 0
        skips = [*([backbone.stem_channels] if self.has_stem else []), *backbone.channels]
        stride = 2 if self.has_stem else backbone.strides[0]
        below, self.joins, self.rises = skips[-1], nn.ModuleList(), nn.ModuleList()
        for channels in reversed(skips[:-1]):
            above = max(channels // 2, _LEAST)
            self.joins.append(_two_convolutions(below + channels, above))
            below = above
        while stride > 1:
            above = max(below // 2, _LEAST)
            self.rises.append(_two_convolutions(below, above))
            below, stride = above, stride // 2
        self.out = nn.Conv2d(below, 3, 1)

    def forward(self, features: Features, side: int) -> Tensor:
        """Features of images of `side` pixels -> (B, 3, side, side)."""
        skips = [*([features.stem] if self.has_stem and features.stem is not None else []), *features.maps]
        x = skips[-1]
        for join, skip in zip(self.joins, reversed(skips[:-1]), strict=True):
            x = join(torch.cat([_resized(x, skip.shape[-1]), skip], dim=1))
        for rise in self.rises:
            x = rise(_resized(x, 2 * x.shape[-1]))
        return _resized(self.out(x).float(), side).sigmoid()


def _two_convolutions(below: int, above: int) -> nn.Sequential:
    return nn.Sequential(Conv2dNormActivation(below, above), Conv2dNormActivation(above, above))


def _resized(x: Tensor, side: int) -> Tensor:
    if x.shape[-1] == side:
        return x
    return interpolate(x, (side, side), mode="bilinear", align_corners=False)
