"""Encoders by name, built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.models.specs import BackboneSpec, find_backbone

if TYPE_CHECKING:
    from torch import nn


def build_backbone(name: str, init: str = "random") -> nn.Module:
    """Build an encoder with weights drawn from torch's global generator, or with ImageNet-1K weights.

    Its `forward` maps images (B, 3, H, W) to `bench.Features`; its attributes `channels`, `strides`,
    `embedding_dim` and `stem_channels` (0 for none) say their sizes.

    Raises:
        UsageError: unknown name, a library's model without feature maps, or a backbone without ImageNet weights.
        StorageError: the ImageNet weights are not in torch's cache (nothing is downloaded).
    """
    spec = find_backbone(name)
    if init != "imagenet":
        return _build(spec)
    from bench.models.weights.imagenet import imagenet_file, load_imagenet

    imagenet_file(name)
    backbone = _build(spec)
    load_imagenet(backbone, spec)
    return backbone


def _build(spec: BackboneSpec) -> nn.Module:
    if spec.given is not None:
        return _declared(spec.given(), spec)
    if spec.family == "library":
        from bench.models.libraries.build import build

        return build(spec.name)
    if spec.family == "resnet":
        from bench.models.resnet import ResNetBackbone

        return ResNetBackbone(spec)
    from bench.models.vit import SAMBackbone, ViTBackbone

    return SAMBackbone(spec) if spec.family == "sam" else ViTBackbone(spec)


def _declared(module: nn.Module, spec: BackboneSpec) -> nn.Module:
    """A module with what the spec says of it as attributes, where it has none of its own."""
    sizes = {
        "channels": spec.channels,
        "strides": spec.strides,
        "embedding_dim": spec.embedding_dim,
        "stem_channels": 0,
    }
    for name, value in sizes.items():
        if not hasattr(module, name):
            setattr(module, name, value)
    return module
