"""Settings of the evaluation protocols."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from bench.core.settings import Precision, Settings

Head = Literal["swept", "paper"]
"""How a head on frozen embeddings is fitted: see `LinearProbeSettings` and `PaperHeadSettings`."""
REGULARISATIONS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""From a classifier that hardly moves to one that is hardly penalised."""
NEIGHBOURS = (1, 5, 10, 20, 50)
DEFAULT_FRACTION = 0.1
_C_TEXT = "Candidates for C of the logistic regression on standardised embeddings; validation chooses."


def _sorted_positive(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or min(values) <= 0 or list(values) != sorted(set(values)):
        raise ValueError("expected at least one number above 0, each once, from the smallest to the largest")
    return values


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


class PaperHeadSettings(ProtocolSettings):
    """LVM-Med's literal head on a frozen encoder: Adam at one fixed rate on embeddings as they are.

    What it scores depends on the scale of the features as well as on their content; `swept` is the probe to compare by.
    """

    head: Literal["paper"] = Field("paper", description="The head as LVM-Med's paper trains it; the other is `swept`.")


class LinearProbeSettings(Settings):
    """Logistic regression on embeddings standardised by the training split (as the BatchNorm of MAE's probe does)."""

    head: Literal["swept"] = Field("swept", description="Strength of the penalty chosen on validation; or `paper`.")
    regularisations: tuple[float, ...] = Field(REGULARISATIONS, description=_C_TEXT)
    epochs: int = Field(
        1000, ge=1, description="Most passes of the solver (iterations of L-BFGS) over the embeddings, for each C."
    )

    _check = field_validator("regularisations")(_sorted_positive)


class NeighbourSettings(Settings):
    """Vote of the nearest training images on standardised embeddings (Wu et al. 2018, Section 3.4)."""

    neighbours: int | None = Field(
        None, ge=1, description=f"k, training images that vote; none: validation chooses of {NEIGHBOURS}."
    )
    temperature: float = Field(0.07, gt=0, description="T: a vote weighs exp(cosine similarity / T).")


class MlpSettings(ProtocolSettings):
    """Two hidden layers with ReLU between the embedding and the task's own head."""

    hidden: tuple[int, int] = Field((512, 256), description="Units of the first and the second hidden layer.")

    @model_validator(mode="after")
    def _check(self) -> MlpSettings:
        _require_units(self.hidden)
        return self


class PaperMlpSettings(MlpSettings):
    """The hidden layers as LVM-Med's paper trains them: Adam at one fixed rate on embeddings as they are."""

    head: Literal["paper"] = Field("paper", description="The head as LVM-Med's paper trains it; the other is `swept`.")


class MlpProbeSettings(Settings):
    """Hidden layers on standardised embeddings; one head for each learning rate, trained together with Adam."""

    head: Literal["swept"] = Field("swept", description="Learning rate and epoch chosen on validation; or `paper`.")
    hidden: tuple[int, int] = Field((512, 256), description="Units of the first and the second hidden layer.")
    epochs: int = Field(40, ge=1, description="Passes over the training embeddings; each rate keeps its best.")
    batch_size: int = Field(128, ge=2, description="Embeddings per step.")
    rates: tuple[float, ...] = Field((1e-5, 1e-4, 1e-3, 1e-2), description="Candidates for the learning rate.")

    _check_rates = field_validator("rates")(_sorted_positive)

    @model_validator(mode="after")
    def _check(self) -> MlpProbeSettings:
        _require_units(self.hidden)
        return self


def _require_units(hidden: tuple[int, int]) -> None:
    if min(hidden) < 1:
        raise ValueError("a hidden layer needs at least one unit")


class FewShotSettings(Settings):
    """Logistic regression on the standardised embeddings of few labelled training images, in several draws."""

    fraction: float | None = Field(
        None, gt=0, le=1, description="Share of the training images that keep their label; 0.1 unless per_class is set."
    )
    per_class: int | None = Field(
        None, ge=1, description="Labelled images per class, instead of a fraction; all of a class that has fewer."
    )
    draws: int = Field(3, ge=1, description="Random choices of the labelled images; the score is the mean over them.")
    regularisations: tuple[float, ...] = Field(REGULARISATIONS, description=_C_TEXT)

    _check_path = field_validator("regularisations")(_sorted_positive)

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


AnyProtocolSettings = (
    PaperMlpSettings
    | MlpSettings
    | PaperHeadSettings
    | ProtocolSettings
    | MlpProbeSettings
    | LinearProbeSettings
    | NeighbourSettings
    | FewShotSettings
)
"""Subclasses before their bases: the first that fits an instance describes it."""
