"""The budget and the settings of a pretraining."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from bench.core.settings import Precision, ViewSettings
from bench.pretraining.start import START, FileStart, start_of_file

ViewsOn = Literal["cpu", "device"]


class PretrainSettings(ViewSettings):
    """Budget and views of a pretraining, equal for every method of a comparison.

    Defaults of the budget: the paper's ResNet-50 settings; of the views: see `ViewSettings`.
    """

    epochs: int = Field(100, ge=1, description="Passes over the corpus.")
    batch_size: int = Field(3200, ge=2, description="Images per optimiser step; each gives two or more views.")
    image_size: int = Field(224, ge=16, description="Side of a global view in pixels.")
    init: str = Field(
        "imagenet",
        description="Weights pretraining starts from: random, imagenet (torchvision's file in the torch cache), or a "
        "FILE that --checkpoint reads; a run's identity has its hash.",
    )
    balance: bool = Field(
        True, description="Show every modality of the corpus equally often: rarer ones again, slightly cropped."
    )
    precision: Precision = Field("32-true", description="Numerical precision of the training.")
    views: ViewsOn | None = Field(
        None,
        description="Where views are computed: `cpu`, image by image, or `device`, a batch at once by torch; pixels "
        "differ by rounding. Unset: `device` where training is on a GPU and the method declares its views.",
    )

    @model_serializer(mode="wrap")
    def _without_what_was_always_so(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """`views` stands in records and identities where it is `device` alone: before, all views were the CPU's."""
        values: dict[str, Any] = dump(self)
        if self.views != "device":
            values.pop("views", None)
        return values

    @field_validator("init")
    @classmethod
    def _known(cls, value: str) -> str:
        """A file becomes its hash, which knows where the file lies."""
        if value in ("random", "imagenet") or isinstance(value, FileStart) or re.fullmatch(START, value):
            return value
        return start_of_file(value)


QUICK_PRETRAIN = {"epochs": 5, "batch_size": 64, "image_size": 48, "init": "random", "balance": False}
