"""torchvision ResNets as backbones: four feature maps and a pooled embedding."""

from __future__ import annotations

import torchvision
from torch import Tensor, nn

from bench.core.kind import Features
from bench.models.specs import BackboneSpec

STAGES = ("layer1", "layer2", "layer3", "layer4")


class ResNetBackbone(nn.Module):
    """A torchvision ResNet without its classifier.

    Maps are the outputs of the four stages at strides 4, 8, 16 and 32; the embedding is the mean of the last map; the
    stem map (stride 2) is the first convolution's, after normalisation and ReLU.
    State-dict keys are torchvision's own, without `fc.*`.
    """

    def __init__(self, spec: BackboneSpec) -> None:
        super().__init__()
        self.architecture = spec.name
        self.channels = spec.channels
        self.strides = spec.strides
        self.embedding_dim = spec.channels[-1]
        self.stem_channels = 64
        network = torchvision.models.get_model(spec.name, weights=None)
        self.stem = ("conv1", "bn1", "relu", "maxpool")
        for name in (*self.stem, *STAGES):
            self.add_module(name, network.get_submodule(name))

    def forward(self, images: Tensor) -> Features:
        """Images (B, 3, H, W) -> maps [(B, channels[i], H/strides[i], W/strides[i])] and pooled (B, D)."""
        x = images
        for name in self.stem[:-1]:
            x = self.get_submodule(name)(x)
        stem = x
        x = self.get_submodule(self.stem[-1])(x)
        maps = []
        for stage in STAGES:
            x = self.get_submodule(stage)(x)
            maps.append(x)
        return Features(maps, x.mean(dim=(2, 3)), stem)
