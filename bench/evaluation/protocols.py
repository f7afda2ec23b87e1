"""Evaluation protocols: what is frozen, what is trained or voted on, and the settings of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, model_validator

from bench.core.settings import Precision, Settings


class ProtocolSettings(Settings):
    """Supervised adaptation; selection is always on the validation split. Optimiser: Adam (betas 0.9, 0.999)."""

    epochs: int = Field(30, ge=1, description="Passes over the labelled training images.")
    batch_size: int = Field(64, ge=2, description="Labelled images per step.")
    lr: float = Field(5e-4, gt=0, description="Learning rate of the head, and of the encoder when it is trained.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay (L2).")
    gradient_clip: float = Field(1.0, gt=0, description="Maximum gradient norm.")
    precision: Precision = Field(
        "32-true", description="Numerical precision while images pass through the encoder; embeddings are float32."
    )


class NeighbourSettings(Settings):
    """Vote of the nearest training images (Wu et al. 2018, Section 3.4; k = 20 as Caron et al. 2021 found best)."""

    neighbours: int = Field(20, ge=1, description="k, training images that vote; all of them where there are fewer.")
    temperature: float = Field(0.07, gt=0, description="T: a vote weighs exp(cosine similarity / T).")


class MlpSettings(ProtocolSettings):
    """Two hidden layers with ReLU between the embedding and the task's own head."""

    hidden: tuple[int, int] = Field((512, 256), description="Units of the first and the second hidden layer.")

    @model_validator(mode="after")
    def _check(self) -> MlpSettings:
        if min(self.hidden) < 1:
            raise ValueError("a hidden layer needs at least one unit")
        return self


class FewShotSettings(Settings):
    """Logistic regression on the embeddings of few labelled training images, in several draws; nothing is selected."""

    fraction: float | None = Field(
        None, gt=0, le=1, description="Share of the training images that keep their label; 0.1 unless per_class is set."
    )
    per_class: int | None = Field(
        None, ge=1, description="Labelled images per class, instead of a fraction; all of a class that has fewer."
    )
    draws: int = Field(3, ge=1, description="Random choices of the labelled images; the score is the mean over them.")
    inverse_regularisation: float = Field(
        1.0, gt=0, description="C of the logistic regression, on embeddings scaled to unit variance."
    )

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("fraction") is None and values.get("per_class") is None:
            return {**values, "fraction": DEFAULT_FRACTION}
        return values

    @model_validator(mode="after")
    def _check(self) -> FewShotSettings:
        if self.fraction is not None and self.per_class is not None:
            raise ValueError(
                f"set fraction or per_class, not both (found {self.fraction:g} and {self.per_class}); per_class "
                "belongs to the protocol few_shot"
            )
        return self


DEFAULT_FRACTION = 0.1
AnyProtocolSettings = MlpSettings | ProtocolSettings | NeighbourSettings | FewShotSettings
"""Subclasses before their bases: the first that fits an instance describes it."""


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
    preset: Mapping[str, Any] = field(default_factory=dict)
    """Settings in every profile that differ from the defaults of the settings class."""
    version: int = 1
    """Raised whenever the protocol gives other scores than before under the same settings."""

    @property
    def trained(self) -> bool:
        """Whether the supervised loop trains; if so, the `paper` profile takes the task's published settings."""
        return issubclass(self.settings_class, ProtocolSettings)


def _few_shot(name: str, summary: str, **preset: Any) -> Protocol:
    text = f"encoder frozen, logistic regression on {summary}, mean of several draws"
    return Protocol(name, text, True, {}, FewShotSettings, pooled=True, preset=preset)


PROTOCOLS: Mapping[str, Protocol] = {
    p.name: p
    for p in (
        Protocol(
            "linear",
            "encoder frozen: a linear layer on embeddings made once (classification), or the whole decoder or detector",
            frozen=True,
            quick={"epochs": 100, "lr": 1e-2, "batch_size": 64},
        ),
        Protocol(
            "finetune",
            "encoder and the task's head (linear layer, decoder or detector) trained together, on augmented images",
            frozen=False,
            quick={"epochs": 5, "lr": 1e-3, "batch_size": 32},
        ),
        Protocol(
            "knn",
            "encoder frozen, weighted vote of the nearest training images by cosine of embeddings; nothing is trained",
            frozen=True,
            quick={},
            settings_class=NeighbourSettings,
            pooled=True,
        ),
        Protocol(
            "mlp",
            "encoder frozen: two hidden layers and a linear layer on embeddings made once",
            frozen=True,
            quick={"epochs": 100, "lr": 1e-3, "batch_size": 64},
            settings_class=MlpSettings,
            pooled=True,
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
