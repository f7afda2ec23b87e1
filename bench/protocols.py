"""Evaluation protocols: what is frozen and how the supervised adaptation is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from bench.interfaces import Settings


class ProtocolSettings(Settings):
    """Supervised adaptation; selection is always on the validation split. Optimiser: Adam (betas 0.9, 0.999)."""

    epochs: int = Field(30, ge=1, description="Passes over the labelled training images.")
    batch_size: int = Field(64, ge=2, description="Labelled images per step.")
    lr: float = Field(5e-4, gt=0, description="Learning rate of the head, and of the encoder when it is trained.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay (L2).")
    gradient_clip: float = Field(1.0, gt=0, description="Maximum gradient norm.")


@dataclass(frozen=True)
class Protocol:
    """A named way to adapt a pretrained encoder to a task."""

    name: str
    summary: str
    frozen: bool
    """Whether the encoder stays as it is and only the head learns."""
    quick: Mapping[str, Any]
    """Settings of the `quick` profile."""


PROTOCOLS: Mapping[str, Protocol] = {
    p.name: p
    for p in (
        Protocol(
            "linear",
            "encoder frozen, one linear layer on its embedding; images embedded once, without augmentation",
            frozen=True,
            quick={"epochs": 100, "lr": 1e-2, "batch_size": 64},
        ),
        Protocol(
            "finetune",
            "encoder and linear head trained together, with light augmentation",
            frozen=False,
            quick={"epochs": 5, "lr": 1e-3, "batch_size": 32},
        ),
    )
}
