"""The encoders by name, with declared channels and strides. Importing this table does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.registry import unknown

if TYPE_CHECKING:
    from bench.resnet import ResNetBackbone


@dataclass(frozen=True)
class BackboneSpec:
    """What is known about an encoder before it is built."""

    name: str
    summary: str
    channels: tuple[int, ...]
    """Channels of the feature maps, finest first; the last is the embedding's size."""
    strides: tuple[int, ...]
    imagenet_file: str
    """File name of the ImageNet-1K weights in torch's cache."""


BACKBONES: Mapping[str, BackboneSpec] = {
    s.name: s
    for s in (
        BackboneSpec(
            "resnet18", "torchvision ResNet-18, 11 M", (64, 128, 256, 512), (4, 8, 16, 32), "resnet18-f37072fd.pth"
        ),
        BackboneSpec(
            "resnet50", "torchvision ResNet-50, 24 M", (256, 512, 1024, 2048), (4, 8, 16, 32), "resnet50-0676ba61.pth"
        ),
    )
}


def find_backbone(name: str) -> BackboneSpec:
    """Look a backbone up. Raises `UsageError` with the closest match."""
    if name not in BACKBONES:
        raise unknown("backbone", name, BACKBONES, "List them: bench list backbones.")
    return BACKBONES[name]


def build_backbone(name: str, init: str = "random") -> ResNetBackbone:
    """Build an encoder with weights drawn from torch's global generator, or with ImageNet-1K weights.

    Raises:
        UsageError: unknown name.
        StorageError: the ImageNet weights are not in torch's cache (nothing is downloaded).
    """
    from bench.resnet import ResNetBackbone, load_imagenet

    spec = find_backbone(name)
    backbone = ResNetBackbone(spec)
    if init == "imagenet":
        load_imagenet(backbone, spec)
    return backbone
