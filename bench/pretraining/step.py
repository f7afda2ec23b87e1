"""One step of a pretraining: what it gets, its loss as a module, and its scalars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bench.core.method import Method, Progress


class StepInput:
    """What a step gets, as one object that Fabric hands on as it is.

    Mixed precision is autocast's, operation by operation; Fabric would also cast every tensor of the views to half
    precision, crop boxes included.
    """

    def __init__(self, views: Any, progress: Progress) -> None:
        self.views, self.progress = views, progress


class MethodLoss(nn.Module):
    """A method's loss as a module's forward pass, so that Fabric applies precision and DDP to it."""

    def __init__(self, method: Method, module: nn.Module) -> None:
        super().__init__()
        self.method = method
        self.module = module

    def forward(self, step: StepInput) -> Mapping[str, Tensor]:
        """Scalars of one step; see `Method.loss`."""
        return self.method.loss(self.module, step.views, step.progress)


def fetch(scalars: Mapping[str, Tensor]) -> dict[str, float]:
    """Values of scalars on any device, with one wait for the device."""
    device = scalars["loss"].device
    stacked = torch.stack([value.detach().to(device, torch.float32) for value in scalars.values()])
    return dict(zip(scalars, stacked.tolist(), strict=True))
