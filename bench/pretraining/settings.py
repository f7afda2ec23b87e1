"""The budget and the settings of a pretraining."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bench.core.method import ViewSettings
from bench.core.settings import Precision, Settings


class PretrainSettings(Settings):
    """The pretraining budget, equal for every method of a comparison. Defaults: the paper's ResNet-50 settings."""

    epochs: int = Field(100, ge=1, description="Passes over the corpus.")
    batch_size: int = Field(3200, ge=2, description="Images per optimiser step; each gives two or more views.")
    image_size: int = Field(224, ge=16, description="Side of a global view in pixels.")
    init: Literal["random", "imagenet"] = Field(
        "imagenet",
        description="Weights pretraining starts from; imagenet reads torchvision's file from the torch cache.",
    )
    crop_min: float | None = Field(
        None, gt=0, le=1, description="Smallest share of the area of a (global) crop; unset: each method's own."
    )
    jitter: float | None = Field(
        None, ge=0, le=1.25, description="Colour jitter s: 0.8 s (hue 0.2 s) for all methods; unset: each method's own."
    )
    grey: float | None = Field(
        None, ge=0, le=1, description="Probability that a view is grey; unset: each method's own."
    )
    blur: float | None = Field(
        None, ge=0, le=1, description="Probability that a view is blurred; unset: each method's own."
    )
    solarise: float | None = Field(
        None, ge=0, le=1, description="Probability that a view is solarised; unset: each method's own."
    )
    balance: bool = Field(
        True, description="Show every modality of the corpus equally often: rarer ones again, slightly cropped."
    )
    precision: Precision = Field("32-true", description="Numerical precision of the training.")

    @property
    def views(self) -> ViewSettings:
        """What all methods do alike."""
        return ViewSettings(self.crop_min, self.jitter, self.grey, self.blur, self.solarise)


QUICK_PRETRAIN = {
    "epochs": 5,
    "batch_size": 64,
    "image_size": 48,
    "init": "random",
    "balance": False,
    "crop_min": 0.2,
    "jitter": 0.5,
    "grey": 0.2,
    "blur": 0.5,
    "solarise": 0.0,
}
"""A laptop's budget, and one augmentation for all methods: crops from 0.2 as in SimSiam and MoCo v3, else SimCLR's for
small images."""
