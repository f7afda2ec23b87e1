"""ResNets as backbones: the declared maps."""

import torch

from bench.models.build import build_backbone


def test_feature_maps_have_the_declared_channels_and_strides():
    for name in ("resnet18", "resnet50"):
        backbone = build_backbone(name).eval()
        features = backbone(torch.zeros(2, 3, 64, 96))
        shapes = [tuple(m.shape) for m in features.maps]
        assert shapes == [(2, c, 64 // s, 96 // s) for c, s in zip(backbone.channels, backbone.strides, strict=True)]
        assert features.pooled.shape == (2, backbone.embedding_dim)
