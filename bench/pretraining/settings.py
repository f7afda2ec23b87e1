"""The budget and the settings of a pretraining."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bench.core.settings import Precision, ViewSettings


class PretrainSettings(ViewSettings):
    """Budget and views of a pretraining, equal for every method of a comparison.

    Defaults of the budget: the paper's ResNet-50 settings; of the views: see `ViewSettings`.
    """

    epochs: int = Field(100, ge=1, description="Passes over the corpus.")
    batch_size: int = Field(3200, ge=2, description="Images per optimiser step; each gives two or more views.")
    image_size: int = Field(224, ge=16, description="Side of a global view in pixels.")
    init: Literal["random", "imagenet"] = Field(
        "imagenet",
        description="Weights pretraining starts from; imagenet reads torchvision's file from the torch cache.",
    )
    balance: bool = Field(
        True, description="Show every modality of the corpus equally often: rarer ones again, slightly cropped."
    )
    precision: Precision = Field("32-true", description="Numerical precision of the training.")


QUICK_PRETRAIN = {"epochs": 5, "batch_size": 64, "image_size": 48, "init": "random", "balance": False}
