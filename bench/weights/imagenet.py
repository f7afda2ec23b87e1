"""torchvision's ImageNet-1K weights, from torch's cache; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import torch
import torchvision
from torch import nn

from bench.backbones import BACKBONES, BackboneSpec, find_backbone
from bench.errors import StorageError, UsageError
from bench.weights.layouts import find_layout, is_head, translate


def imagenet_file(backbone: str) -> Path:
    """Where torch's cache has the ImageNet-1K weights of a backbone.

    Raises:
        UsageError: unknown backbone, or one without ImageNet weights.
        StorageError: the file is not there.
    """
    return _require(find_backbone(backbone))


def load_imagenet(backbone: nn.Module, spec: BackboneSpec) -> None:
    """Load ImageNet-1K weights from torch's cache; every tensor must fit. Raises `StorageError` when absent."""
    state = torch.load(_require(spec), map_location="cpu", weights_only=True)
    layout = find_layout(state)
    named = translate(state, layout) if layout else dict(state)
    backbone.load_state_dict({k: v for k, v in named.items() if not is_head(k)}, strict=True)


def _require(spec: BackboneSpec) -> Path:
    if not spec.imagenet_file:
        having = ", ".join(b.name for b in BACKBONES.values() if b.imagenet_file)
        raise UsageError(
            f"There are no ImageNet weights of {spec.name}. Start from random weights with --set pretrain.init=random, "
            f"or choose another backbone: {having}."
        )
    path = Path(torch.hub.get_dir()) / "checkpoints" / spec.imagenet_file
    if not path.is_file():
        url = torchvision.models.get_model_weights(spec.name).IMAGENET1K_V1.url
        raise StorageError(
            f"ImageNet weights are wanted, and {path} does not exist. Nothing is downloaded here: put {url} there. "
            "Pretraining starts from random weights with --set pretrain.init=random."
        )
    return path
