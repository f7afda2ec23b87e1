"""Evaluation protocols: what is frozen, what is trained or voted on, and the settings of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.core.errors import UsageError
from bench.evaluation.settings import (
    AnyProtocolSettings,
    FewShotSettings,
    Head,
    LinearProbeSettings,
    MlpProbeSettings,
    MlpSettings,
    NeighbourSettings,
    PaperHeadSettings,
    PaperMlpSettings,
    ProtocolSettings,
)


@dataclass(frozen=True)
class Protocol:
    """A named way to evaluate a pretrained encoder on a task."""

    name: str
    summary: str
    frozen: bool
    """Whether the encoder stays as it is and only the head learns, if anything does."""
    quick: Mapping[str, Any]
    """Settings of the `quick` profile."""
    settings_class: type[AnyProtocolSettings] = ProtocolSettings
    pooled: bool = False
    """Whether it needs one embedding per image, and so a task kind that reads nothing else of the encoder."""
    heads: Mapping[Head, type[AnyProtocolSettings]] = field(default_factory=dict)
    """Settings by the way a head on frozen embeddings is fitted; empty where there is one way."""
    preset: Mapping[str, Any] = field(default_factory=dict)
    """Settings in every profile that differ from the defaults of the settings class."""
    version: int = 1
    """Raised whenever the protocol gives other scores than before under the same settings."""

    @property
    def trained(self) -> bool:
        """Whether the supervised loop may train; if so, the `paper` profile takes the task's published settings."""
        return issubclass(self.settings_class, ProtocolSettings)

    def head_of(self, pooled_only: bool, profile: str, set_: Mapping[str, Any]) -> Head | None:
        """How the head is fitted: as the user set it, else `paper` in that profile and `swept` in `quick`.

        None where there is one way: no choice of this protocol, or a kind that reads feature maps (`pooled_only` is
        false), whose decoder or detector is trained. Raises `UsageError` for another head.
        """
        if not (self.heads and pooled_only):
            return None
        head = set_.get("head", "paper" if profile == "paper" else "swept")
        if head not in tuple(self.heads):
            raise UsageError(f"protocol.head: expected one of {', '.join(self.heads)}, found {head!r}.")
        return head

    def settings_for(self, head: Head | None) -> type[AnyProtocolSettings]:
        """The class of the settings under a head."""
        return self.settings_class if head is None else self.heads[head]

    def quick_for(self, head: Head | None) -> Mapping[str, Any]:
        """Settings of the `quick` profile that differ from the defaults of `settings_for(head)`."""
        return self.quick if head is None else {}


def _few_shot(name: str, summary: str, **preset: Any) -> Protocol:
    text = f"encoder frozen, logistic regression on {summary}, mean of several draws"
    return Protocol(name, text, True, {}, FewShotSettings, pooled=True, preset=preset, version=2)


PROTOCOLS: Mapping[str, Protocol] = {
    p.name: p
    for p in (
        Protocol(
            "linear",
            "encoder frozen: logistic regression on standardised embeddings (classification), or decoder or detector",
            frozen=True,
            quick={"epochs": 100, "lr": 1e-2, "batch_size": 64},
            heads={"swept": LinearProbeSettings, "paper": PaperHeadSettings},
            version=2,
        ),
        Protocol(
            "finetune",
            "encoder and the task's head (linear layer, decoder or detector) trained together, on augmented images",
            frozen=False,
            quick={"epochs": 5, "lr": 1e-3, "batch_size": 32},
        ),
        Protocol(
            "knn",
            "encoder frozen, weighted vote of the nearest training images by cosine of standardised embeddings",
            frozen=True,
            quick={},
            settings_class=NeighbourSettings,
            pooled=True,
            version=2,
        ),
        Protocol(
            "mlp",
            "encoder frozen: two hidden layers and a linear layer on standardised embeddings",
            frozen=True,
            quick={},
            settings_class=PaperMlpSettings,
            heads={"swept": MlpProbeSettings, "paper": PaperMlpSettings},
            pooled=True,
            version=2,
        ),
        Protocol(
            "mlp_finetune",
            "encoder trained together with two hidden layers and a linear layer, with light augmentation",
            frozen=False,
            quick={"epochs": 5, "lr": 1e-3, "batch_size": 32},
            settings_class=MlpSettings,
            pooled=True,
        ),
        _few_shot("few_shot", "few labelled training images: 10 %, or protocol.fraction, or protocol.per_class"),
        _few_shot("few_shot_1pct", "1 % of the training images", fraction=0.01),
        _few_shot("few_shot_5pct", "5 % of the training images", fraction=0.05),
        _few_shot("few_shot_10pct", "10 % of the training images", fraction=0.1),
    )
}
