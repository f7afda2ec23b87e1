"""torchvision's ImageNet-1K weights, from torch's cache; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import torch
import torchvision
from torch import nn

from bench.core.errors import StorageError, UsageError
from bench.models.specs import BACKBONES, BackboneSpec, find_backbone
from bench.models.weights.layouts import find_layout, is_head, translate

PRETRAINING = "start the pretraining from random weights with --set pretrain.init=random"
"""What else a person can do who asked for `pretrain.init=imagenet`."""


def imagenet_file(backbone: str, otherwise: str = PRETRAINING) -> Path:
    """Where torch's cache has the ImageNet-1K weights of a backbone; `otherwise` is what to do without them.

    Raises:
        UsageError: unknown backbone, or one without ImageNet weights.
        StorageError: the file is not there.
    """
    return _require(find_backbone(backbone), otherwise)


def load_imagenet(backbone: nn.Module, spec: BackboneSpec) -> None:
    """Load ImageNet-1K weights from torch's cache; every tensor must fit. Raises `StorageError` when absent."""
    state = torch.load(_require(spec, PRETRAINING), map_location="cpu", weights_only=True)
    layout = find_layout(state)
    named = translate(state, layout) if layout else dict(state)
    backbone.load_state_dict({k: v for k, v in named.items() if not is_head(k)}, strict=True)


def _require(spec: BackboneSpec, otherwise: str) -> Path:
    if not spec.imagenet_file:
        having = ", ".join(b.name for b in BACKBONES.values() if b.imagenet_file)
        raise UsageError(
            f"There are no ImageNet weights of {spec.name}. Choose a backbone that has some ({having}), or {otherwise}."
        )
    path = Path(torch.hub.get_dir()) / "checkpoints" / spec.imagenet_file
    if not path.is_file():
        url = torchvision.models.get_model_weights(spec.name).IMAGENET1K_V1.url
        raise StorageError(
            f"ImageNet weights are wanted, and {path} does not exist. Nothing is downloaded here: put {url} there, "
            f"or {otherwise}."
        )
    return path
