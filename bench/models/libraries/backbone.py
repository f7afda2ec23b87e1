"""A library's model as a backbone: feature maps, embedding, and images brought to sizes that the model takes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from lightly.transforms.utils import IMAGENET_NORMALIZE
from torch import Tensor, nn
from torch.nn.functional import pad

from bench.core.errors import UsageError
from bench.core.kind import Features

STEM_STRIDE = 2
MODEL = "model."
"""Where the model lies in a backbone; its tensors are named as if they were the backbone's own."""


@dataclass(frozen=True)
class Layout:
    """What is known about a model's feature maps, measured without training."""

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    """Of the maps, finest first."""
    stem_channels: int
    """Of the map at stride 2; 0 where there is none."""
    embedding_dim: int
    side: int | None
    """The one side in pixels of images that the model takes; None for any."""
    whole: int
    """Multiple of pixels that images are padded to; 1 for none."""
    parameters: int = 0
    """Of the model without its classifier."""
    tokens: bool = False
    """Whether it is a vision transformer whose patch tokens can be masked."""


class LibraryBackbone(nn.Module):
    """A model without its classifier; names of its tensors are the library's own.

    Maps are the last of the model's at each stride from 4 to 32 (for models with one stride, those of four depths); the
    stem map is that at stride 2, where there is one.
    """

    def __init__(self, name: str, model: nn.Module, layout: Layout, normalisation: Any = None) -> None:
        super().__init__()
        self.architecture = name
        self.model = model
        self.layout = layout
        self.channels, self.strides = layout.channels, layout.strides
        self.stem_channels, self.embedding_dim = layout.stem_channels, layout.embedding_dim
        scale, shift = _renormalisation(*normalisation) if normalisation else (None, None)
        self.register_buffer("pixel_scale", scale, persistent=False)
        self.register_buffer("pixel_shift", shift, persistent=False)
        self._register_state_dict_hook(_without_model)
        self.register_load_state_dict_pre_hook(_with_model)

    def forward(self, images: Tensor) -> Features:
        """ImageNet-normalised images (B, 3, H, W) -> maps [(B, channels[i], H / strides[i], W / strides[i])] and
        pooled (B, D); sides that are no multiples of a stride count as padded. Raises `UsageError` for a model that
        takes images of one size, and these are of another."""
        scale, shift = self._buffers["pixel_scale"], self._buffers["pixel_shift"]
        if scale is not None and shift is not None:
            images = images * scale + shift
        maps, pooled = self.levels(self._fit(images))
        stem = maps.pop(0) if self.stem_channels else None
        return Features(maps, pooled, stem)

    @abstractmethod
    def levels(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Maps (B, C, h, w), finest first, that at stride 2 among them, and the embedding (B, D)."""

    def _fit(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        side, whole = self.layout.side, self.layout.whole
        if side is not None and (height, width) != (side, side):
            raise UsageError(
                f"{self.architecture} takes images of {side} x {side} pixels alone; found {height} x {width}. Give "
                f"--set task.image_size={side}, and in a pretraining --set pretrain.image_size={side} and the method's "
                "own crops; or choose a model that takes any size (bench show timm:NAME says so)."
            )
        down, right = -height % whole, -width % whole
        return pad(images, (0, right, 0, down)) if down or right else images


def _without_model(_module: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any) -> None:
    for name in [name for name in state if name.startswith(prefix + MODEL)]:
        state[prefix + name.removeprefix(prefix + MODEL)] = state.pop(name)


def _with_model(_module: nn.Module, state: dict[str, Any], prefix: str, *_others: Any) -> None:
    for name in [name for name in state if name.startswith(prefix)]:
        state[prefix + MODEL + name.removeprefix(prefix)] = state.pop(name)


def _renormalisation(mean: Sequence[float], std: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Scale and shift (3, 1, 1) from ImageNet-normalised pixels to another normalisation of RGB in [0, 1]."""

    def column(values: Sequence[float]) -> Tensor:
        return torch.tensor(values)[:, None, None]

    given, own = column(IMAGENET_NORMALIZE["std"]), column(std)
    return given / own, (column(IMAGENET_NORMALIZE["mean"]) - column(mean)) / own
