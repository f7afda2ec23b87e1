"""Channels, strides and sizes of a model, found by taking images of a few sizes through it, without their content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import TypeVar

import torch
from torch import Tensor, nn

from bench.core.errors import UsageError
from bench.engine.seeding import seeded
from bench.models.footprint import count_parameters
from bench.models.libraries.backbone import STEM_STRIDE, Layout

Levels = Callable[[Tensor], tuple[list[Tensor], Tensor]]
"""Images (B, 3, H, W) -> maps (B, C, h, w), finest first, and the embedding (B, D)."""

T = TypeVar("T")


def without_weights(make: Callable[[], T]) -> T:
    """What a function makes of modules and tensors without content; with content where a model cannot be made without.

    No generator is moved on.
    """
    with seeded(0):
        try:
            with torch.device("meta"):
                return make()
        except (RuntimeError, UsageError):
            return make()


def measure(name: str, model: nn.Module, levels: Levels, stride: int, native: int) -> Layout:
    """The layout of a model whose coarsest map has `stride`; `native` is the side of the images it was made for.

    Raises:
        UsageError: it takes no images, or gives no embedding or no maps.
    """
    height, width = 2 * stride, 3 * stride
    side, found = None, _try(levels, height, width)
    if found is None:
        height = width = side = native
        found = _try(levels, height, width)
    if found is None or found[1].ndim != 2 or not found[0]:
        raise UsageError(
            f"No feature maps can be had of {name}: it does not take images of {native} x {native} pixels, or gives no "
            "maps of them. Choose another model of the library; convnext_tiny, resnet50 and, of timm, "
            "vit_small_patch16_224 are known to work."
        )
    maps, pooled = found
    strides = [round(height / one.shape[2]) for one in maps]
    stem = maps[0].shape[1] if strides[0] == STEM_STRIDE and len(maps) > 1 else 0
    start = 1 if stem else 0
    whole = 1 if side or _takes_any(levels, stride, strides) else stride
    channels = tuple(one.shape[1] for one in maps[start:])
    return Layout(channels, tuple(strides[start:]), stem, pooled.shape[1], side, whole, count_parameters(model))


def _takes_any(levels: Levels, stride: int, strides: Sequence[int]) -> bool:
    """Whether sides that are no multiples of the stride, and smaller than it, give maps as if they were padded."""
    height, width = max(stride // 2, 1), stride + max(stride // 2, 1)
    found = _try(levels, height, width)
    sizes = [(ceil(height / one), ceil(width / one)) for one in strides]
    return found is not None and [tuple(one.shape[2:]) for one in found[0]] == sizes


@torch.no_grad()
def _try(levels: Levels, height: int, width: int) -> tuple[list[Tensor], Tensor] | None:
    try:
        return levels(torch.zeros(2, 3, height, width))
    except Exception:  # whatever a model of a library raises for images that it does not take
        return None
