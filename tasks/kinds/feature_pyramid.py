"""A simple feature pyramid on a plain vision transformer: maps at strides 4, 8, 16, 32 from its last map.

Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, ECCV 2022 (Section 3, "simple feature
pyramid"): transposed convolutions upwards, max-pooling downwards, then a 1 x 1 and a 3 x 3 convolution, each with a
norm over channels. Here any patch size works, not 16 alone.
"""

from __future__ import annotations

from math import log2

from timm.layers import LayerNorm2d
from torch import Tensor, nn
from torch.nn.functional import interpolate

from bench.core.errors import UsageError
from bench.core.kind import Features

STRIDES = (4, 8, 16, 32)


def is_plain(backbone: nn.Module) -> bool:
    """Whether a backbone has four maps at one and the same stride, as plain transformers have."""
    strides = tuple(getattr(backbone, "strides", ()))
    return len(strides) == 4 and len(set(strides)) == 1


class SimpleFeaturePyramid(nn.Module):
    """Features of a plain transformer -> features with maps at strides 4, 8, 16 and 32.

    Raises:
        UsageError: the backbone's maps do not have one and the same stride.
    """

    def __init__(self, backbone: nn.Module, out_channels: int = 256) -> None:
        super().__init__()
        if not is_plain(backbone):
            found = tuple(getattr(backbone, "strides", ()))
            raise UsageError(f"A simple feature pyramid needs four maps at one stride; this backbone has {found}.")
        self.stride = int(backbone.strides[-1])  # type: ignore[index]
        self.grid_stride = 2 ** round(log2(self.stride))
        """Stride at which the pyramid starts: the patch's, or for patches of 14 pixels the nearest power of two."""
        self.channels, self.strides = 4 * (out_channels,), STRIDES
        dim = int(backbone.embedding_dim)  # type: ignore[arg-type]
        self.levels = nn.ModuleList(_level(dim, self.grid_stride / stride, out_channels) for stride in STRIDES)

    def forward(self, features: Features) -> Features:
        """Maps (B, out_channels, H / s, W / s) for s in 4, 8, 16, 32; the embedding stays; there is no stem map.

        H and W are multiples of 32.
        """
        last = self.resize(features.maps[-1])
        return Features([level(last) for level in self.levels], features.pooled)

    def resize(self, tokens: Tensor) -> Tensor:
        """Map (B, D, h, w) of patches, the last ones padded -> (B, D, H / grid_stride, W / grid_stride)."""
        if self.stride == self.grid_stride:
            return tokens
        size = [side * self.stride // self.grid_stride for side in tokens.shape[-2:]]
        return interpolate(tokens, size=size, mode="bilinear", align_corners=False)


class PyramidBackbone(nn.Module):
    """A plain transformer and its pyramid as one backbone, for heads that take a module of images -> `Features`.

    `channels`, `strides`, `embedding_dim` and `stem_channels` are those of `bench.models.build.build_backbone`.
    """

    def __init__(self, backbone: nn.Module, out_channels: int = 256) -> None:
        super().__init__()
        self.backbone = backbone
        self.pyramid = SimpleFeaturePyramid(backbone, out_channels)
        self.channels, self.strides = self.pyramid.channels, self.pyramid.strides
        self.embedding_dim = int(backbone.embedding_dim)  # type: ignore[arg-type]
        self.stem_channels = 0

    def forward(self, images: Tensor) -> Features:
        """Images (B, 3, H, W), H and W multiples of 32 -> maps at strides 4, 8, 16, 32 and pooled (B, D)."""
        features: Features = self.pyramid(self.backbone(images))
        return features


def _level(dim: int, scale: float, out_channels: int) -> nn.Module:
    """One level: the map scaled by a power of two, then projected."""
    resize: list[nn.Module] = []
    for step in range(round(log2(scale)) if scale > 1 else 0):
        resize += [LayerNorm2d(dim), nn.GELU()] if step else []
        resize.append(nn.ConvTranspose2d(dim, dim // 2, 2, stride=2))
        dim //= 2
    if scale < 1:
        resize.append(nn.MaxPool2d(round(1 / scale)))
    return nn.Sequential(
        *resize,
        nn.Conv2d(dim, out_channels, 1, bias=False),
        LayerNorm2d(out_channels),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
        LayerNorm2d(out_channels),
    )
