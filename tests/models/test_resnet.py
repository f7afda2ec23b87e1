"""ResNets as backbones: the declared maps."""

import torch
import torchvision

from bench.models.build import build_backbone


def test_feature_maps_have_the_declared_channels_and_strides():
    for name in ("resnet18", "resnet50"):
        backbone = build_backbone(name).eval()
        features = backbone(torch.zeros(2, 3, 64, 96))
        shapes = [tuple(m.shape) for m in features.maps]
        assert shapes == [(2, c, 64 // s, 96 // s) for c, s in zip(backbone.channels, backbone.strides, strict=True)]
        assert features.pooled.shape == (2, backbone.embedding_dim)


def test_names_and_features_are_torchvisions():
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None).eval()
    backbone = build_backbone("resnet18").eval()
    state = {k: v for k, v in network.state_dict().items() if not k.startswith("fc.")}
    backbone.load_state_dict(state, strict=True)
    network.fc = torch.nn.Identity()
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        features = backbone(images)
        assert torch.allclose(features.pooled, network(images), atol=1e-5)
    assert features.stem.shape == (2, backbone.stem_channels, 32, 32)
    assert features.stem.min() >= 0, "after its activation"
