"""Evaluation protocols: what is frozen, what is trained or voted on, and the settings of each."""

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


class NeighbourSettings(Settings):
    """Vote of the nearest training images (Wu et al. 2018, Section 3.4; k = 20 as Caron et al. 2021 found best)."""

    neighbours: int = Field(20, ge=1, description="k, training images that vote; all of them where there are fewer.")
    temperature: float = Field(0.07, gt=0, description="T: a vote weighs exp(cosine similarity / T).")


AnyProtocolSettings = ProtocolSettings | NeighbourSettings


@dataclass(frozen=True)
class Protocol:
    """A named way to evaluate a pretrained encoder on a task."""

    name: str
    summary: str
    frozen: bool
    """Whether the encoder stays as it is and only the head learns, if anything does."""
    quick: Mapping[str, Any]
    """Settings of the `quick` profile."""
    settings_class: type[ProtocolSettings] | type[NeighbourSettings] = ProtocolSettings

    @property
    def trained(self) -> bool:
        """Whether anything is trained; if so, the `paper` profile takes the task's published settings."""
        return self.settings_class is ProtocolSettings


PROTOCOLS: Mapping[str, Protocol] = {
    p.name: p
    for p in (
        Protocol(
            "linear",
            "encoder frozen: a linear layer on embeddings made once (classification), or a decoder (segmentation)",
            frozen=True,
            quick={"epochs": 100, "lr": 1e-2, "batch_size": 64},
        ),
        Protocol(
            "finetune",
            "encoder and linear head trained together, with light augmentation",
            frozen=False,
            quick={"epochs": 5, "lr": 1e-3, "batch_size": 32},
        ),
        Protocol(
            "knn",
            "encoder frozen, weighted vote of the nearest training images by cosine of embeddings; nothing is trained",
            frozen=True,
            quick={},
            settings_class=NeighbourSettings,
        ),
    )
}
