"""Attention gates: every skip is gated, the gate sees both maps, and a closed gate shuts its skip out."""

import torch
from torch import nn

from bench.core.kind import Features
from tasks.kinds.segmentation.attention_gates import GatedBlock
from tasks.kinds.segmentation.unet import UNetHead
from tests.tasks.segmentation.worlds import Tiny


class WithStem(Tiny):
    stem_channels = 8

    def forward(self, images):
        features = super().forward(images)
        stem = torch.nn.functional.avg_pool2d(images, 2).mean(1, keepdim=True).expand(-1, 8, -1, -1)
        return Features(features.maps, features.pooled, stem)


def gates(head):
    return [isinstance(block, GatedBlock) for block in head.decoder.blocks]


def test_every_skip_and_nothing_else_is_gated():
    channels = (32, 16, 16, 16, 16)
    assert gates(UNetHead(Tiny(), 1, "unet_attention", channels)) == [True, True, True, False, False]
    assert gates(UNetHead(WithStem(), 1, "unet_attention", channels)) == [True, True, True, True, False]
    assert not any(gates(UNetHead(Tiny(), 1, "unet", channels)))


def test_a_closed_gate_shuts_the_skip_out():
    torch.manual_seed(0)
    backbone = WithStem()
    head = UNetHead(backbone, 2, "unet_attention", (32, 16, 16, 16, 16)).eval()
    features = backbone.eval()(torch.rand(2, 3, 64, 64))
    other = Features([m + 1 for m in features.maps[:-1]] + features.maps[-1:], features.pooled, features.stem + 1)
    assert head(features).shape == (2, 2, 64, 64)
    assert not torch.allclose(head(features), head(other))
    for block in head.decoder.blocks:
        if isinstance(block, GatedBlock):
            norm = block.gate.psi[1]
            nn.init.zeros_(norm.weight)
            nn.init.constant_(norm.bias, -200)
    torch.testing.assert_close(head(features), head(other))
