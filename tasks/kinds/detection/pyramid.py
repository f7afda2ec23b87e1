"""The feature pyramid that both engines share, on the maps of any backbone with strides 4 to 32."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from bench.core.errors import UsageError
from bench.core.kind import Features
from tasks.kinds.detection.settings import STRIDES, DetectionSettings
from tasks.kinds.feature_pyramid import SimpleFeaturePyramid, is_plain

LEVELS = ("p2", "p3", "p4", "p5")
"""Levels at strides 4 to 32, which boxes are pooled from."""
PROPOSAL_LEVELS = (*LEVELS, "p6")
"""Levels that regions are proposed on; p6 is p5 at half the resolution."""
ASPECT_RATIOS = (0.5, 1.0, 2.0)
"""Heights of anchors over their widths."""
POOLED_SIZE = 7
"""Side of the maps that boxes are pooled to."""
CANONICAL_LEVEL = 4
"""Level that a box of the canonical size is pooled from (Lin et al. 2017, Eq. 1)."""


class Scales(NamedTuple):
    """Sizes in pixels of the input that follow from `anchor_scale`, the same for both engines."""

    anchors: tuple[float, ...]
    """Side of the square anchor on each of `PROPOSAL_LEVELS`."""
    canonical: float
    """Side of a box that is pooled from level 4: 224 at the published scale."""


def scales(settings: DetectionSettings) -> Scales:
    """Anchors of `anchor_scale` strides, and the canonical box size in proportion."""
    strides = (*STRIDES, 2 * STRIDES[-1])
    return Scales(tuple(settings.anchor_scale * s for s in strides), 28 * settings.anchor_scale)


class Pyramid(nn.Module):
    """Feature pyramid network (Lin et al. 2017) by torchvision; a simple one for a plain vision transformer.

    Raises:
        UsageError: the backbone's maps have neither the strides 4, 8, 16 and 32 nor all the same one.
    """

    def __init__(self, backbone: nn.Module, channels: int) -> None:
        super().__init__()
        self.network = SimpleFeaturePyramid(backbone, channels) if is_plain(backbone) else _network(backbone, channels)
        self.last = LastLevelMaxPool()

    def forward(self, features: Features) -> dict[str, Tensor]:
        """Maps (B, channels, H / stride, W / stride) by the names in `PROPOSAL_LEVELS`."""
        if isinstance(self.network, SimpleFeaturePyramid):
            maps = self.network(features).maps
        else:
            maps = list(self.network(OrderedDict(zip(LEVELS, features.maps, strict=True))).values())
        maps, _ = self.last(maps, maps, list(LEVELS))
        return dict(zip(PROPOSAL_LEVELS, maps, strict=True))


def _network(backbone: nn.Module, channels: int) -> FeaturePyramidNetwork:
    strides = tuple(getattr(backbone, "strides", ()))
    if strides != STRIDES:
        raise UsageError(
            f"Faster R-CNN needs feature maps at strides {STRIDES}, or all at one; this backbone has {strides}. Choose "
            "another: bench list backbones."
        )
    in_channels: list[int] = list(backbone.channels)  # type: ignore[arg-type]
    return FeaturePyramidNetwork(in_channels, channels)


def input_size(maps: dict[str, Tensor]) -> tuple[int, int]:
    """Height and width of the input, from the finest map."""
    height, width = maps[LEVELS[0]].shape[-2:]
    return STRIDES[0] * height, STRIDES[0] * width
