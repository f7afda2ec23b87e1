"""Attention gates on the skip connections of a U-Net decoder (Oktay et al. 2018, Attention U-Net)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import interpolate


class GatedBlock(nn.Module):
    """A decoder block whose skip connection is weighted, pixel by pixel, by what comes from below it.

    The gate is additive (their Eq. 1), with half of the skip's channels inside. It looks at the map from below at the
    resolution of the skip, where the paper brings the skip down to the map's and the weights back up.
    """

    def __init__(self, block: nn.Module, below_channels: int, skip_channels: int) -> None:
        super().__init__()
        from monai.networks.nets.attentionunet import AttentionBlock

        self.block = block
        self.gate = AttentionBlock(2, f_int=skip_channels // 2, f_g=below_channels, f_l=skip_channels)

    def forward(
        self, feature_map: Tensor, target_height: int, target_width: int, skip_connection: Tensor | None = None
    ) -> Tensor:
        """Map from below (B, below_channels, h, w) and skip (B, skip_channels, H, W) -> (B, block's channels, H, W)."""
        below = interpolate(feature_map, size=(target_height, target_width), mode="bilinear", align_corners=False)
        gated = self.gate(below, skip_connection)
        out: Tensor = self.block(feature_map, target_height, target_width, skip_connection=gated)
        return out


def add_gates(blocks: nn.ModuleList, below_channels: Sequence[int], skip_channels: Sequence[int]) -> None:
    """Wrap every decoder block that has a skip connection (all lists coarsest first; 0 channels: no skip)."""
    for i, (below, skip) in enumerate(zip(below_channels, skip_channels, strict=True)):
        if skip:
            blocks[i] = GatedBlock(blocks[i], below, skip)
