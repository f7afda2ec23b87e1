"""Batch norms of an encoder in a detector: trained, or frozen with the statistics of its pretraining."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from tasks.kinds.detection.settings import Norm

Choice = Literal["frozen", "batch", "none"]


def was_trained(backbone: nn.Module) -> bool:
    """Whether any batch norm has other statistics than those it starts with (mean 0, variance 1)."""
    return any(
        bool((norm.running_mean != 0).any()) or bool((norm.running_var != 1).any())
        for norm in _norms(backbone).values()
        if norm.running_mean is not None and norm.running_var is not None
    )


def choose(backbone: nn.Module, wanted: Norm, *, frozen: bool) -> Choice:
    """How the encoder's batch norms are used; `none` where it has none.

    `auto` freezes them where pretraining left statistics behind, as detectors do, because batches are small; with the
    statistics of a fresh network, frozen norms leave activations to grow from layer to layer and training may diverge,
    so there they are trained. A protocol that does not train the encoder freezes them in any case.
    """
    if not _norms(backbone):
        return "none"
    if frozen or wanted == "frozen":
        return "frozen"
    if wanted == "batch":
        return "batch"
    return "frozen" if was_trained(backbone) else "batch"


def freeze(backbone: nn.Module) -> None:
    """Replace every batch norm by one with fixed weights and statistics, in place; values stay."""
    for name, norm in _norms(backbone).items():
        fixed = FrozenBatchNorm2d(norm.num_features, norm.eps)
        state = norm.state_dict()
        fixed.load_state_dict({key: state[key] for key in fixed.state_dict()})
        parent, _, child = name.rpartition(".")
        setattr(backbone.get_submodule(parent), child, fixed.to(next(iter(state.values())).device))


def _norms(backbone: nn.Module) -> dict[str, nn.BatchNorm2d]:
    """Name -> batch norm. Norms of other sorts have no statistics and are left as they are."""
    found = {name: module for name, module in backbone.named_modules() if isinstance(module, nn.BatchNorm2d)}
    return {name: norm for name, norm in found.items() if isinstance(norm.running_mean, torch.Tensor)}
