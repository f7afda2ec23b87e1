"""Settings and their names, shared by every room: typed, frozen, and unknown keys are errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from bench.core.errors import UsageError

OptimizerName = Literal["adam", "adamw", "lars", "sgd"]


class Settings(BaseModel):
    """Base of every configuration: frozen, typed, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ViewSettings(Settings):
    """How strongly a view differs from its image: equal for every method of a comparison unless a user says otherwise.

    The defaults are the `quick` profile's; under `paper` a method's `published_views` are used. Three of the four are
    BYOL's, VICReg's and VICRegL's; the least crop is between the published 0.08 (SimCLR, BYOL) and 0.4 (LVM-Med).
    """

    crop_min: float = Field(0.2, gt=0, le=1, description="Least share of the image's area that a global view covers.")
    jitter: tuple[float, float, float, float] = Field(
        (0.4, 0.4, 0.2, 0.1),
        description="Strength of the jitter of brightness, contrast, saturation and hue (0 to 0.5); chance 0.8.",
    )
    grey: float = Field(0.2, ge=0, le=1, description="Chance that a view loses its colours.")
    blur: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Chance of Gaussian blur, sigma 0.1 to 2 at 224 px and in proportion at others. BYOL's and DINO's "
        "first view has twice this, their second a fifth of it.",
    )

    @field_validator("jitter")
    @classmethod
    def _check_jitter(cls, value: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        if min(value) < 0 or value[3] > 0.5:
            raise ValueError("brightness, contrast, saturation must be at least 0, hue from 0 to 0.5")
        return value


Precision = Literal["32-true", "bf16-mixed"]


ProfileName = Literal["quick", "paper"]


PROFILES: tuple[ProfileName, ...] = ("quick", "paper")


def check_device(name: str) -> None:
    """Raise `UsageError` unless a name is that of a device: `auto`, `cpu`, `cuda` or `cuda:N`."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,4})?", name):
        raise UsageError(f"Unknown device {name!r}. Known: auto, cpu, cuda, cuda:N.")


Overrides = Mapping[str, Mapping[str, Any]]


def settings_text(sections: Overrides) -> str:
    """Settings as text, `section.key=value` in alphabetical order; no value has a space in it that is not text."""
    return " ".join(
        f"{s}.{k}={_as_text(v)}" for s, values in sorted(sections.items()) for k, v in sorted(values.items())
    )


def _as_text(value: Any) -> Any:
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high` that a setting may be tuned over, both ends included."""

    low: float
    high: float
    log: bool = False
    """Drawn evenly in the logarithm."""
    relative: bool = False
    """Factors of the value that the setting has without tuning, so that one range serves every profile."""
    whole: bool = False
    """Whole numbers."""


@dataclass(frozen=True)
class Choice:
    """Values that a setting may be tuned over."""

    values: tuple[str | int | float | bool, ...]


SearchSpace = Mapping[str, Range | Choice]
"""`section.key`, of the sections `method` and `pretrain`, -> where its values are drawn from."""


class Part(BaseModel):
    """Base of the record's parts: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WeightsRecord(Part):
    """Weights that came from a file instead of a pretraining: how they were read, and the proof that they are used."""

    file: str = Field(description="Name of the file, without its folder; of one of the hub its place there.")
    sha256: str = Field(description="Of the file.")
    encoder_sha256: str = Field(description="Of the encoder's tensors after all rules.")
    format: str = Field(description="How the file was packed.")
    layout: str = Field(description="How its tensors were named.")
    rules: list[str] = Field(description="What was taken, stripped, renamed, dropped or interpolated.")
    matched: int = Field(description="Tensors that were loaded.")
    dropped: dict[str, int] = Field(description="Head -> number of its tensors, which were left out.")
    other_parts: dict[str, int] = Field(description="Other part of the file -> number of its tensors.")
    missing: list[str] = Field(description="Tensors that kept their initial values; all explicitly allowed.")
    corpus: str = Field(description="What is known about the images that the weights were pretrained on.")
    probe: dict[str, float] = Field(
        default_factory=dict,
        description="Embeddings of fixed noise before and after loading: norms, relative distance, mean cosine.",
    )


class SeenRecord(Part):
    """Cases that stand in what the weights are known to have been pretrained on, and the file that names them."""

    file: str = Field(description="Path relative to the results folder.")
    sha256: str = Field(description="Of its content.")
    past: str = Field(description="SHA-256 of all that cases were compared with.")
    statement: str = Field(description="What the weights were pretrained on.")
    n_test: int = Field(ge=0, description="Test cases among it.")
    n_validation: int = Field(ge=0, description="Validation cases among it.")
    n_train: int = Field(ge=0, description="Training cases among it.")
    sources: dict[str, int] = Field(description="Data set or list -> test cases in it.")


class TunedRecord(Part):
    """How settings were chosen by `bench tune`; provenance, no part of a run's identity."""

    trials: int = Field(ge=1, description="Settings that were tried, the method's own among them; failed ones count.")
    failed: int = Field(0, ge=0, description="Trials without a score: the training diverged.")
    sampler: str = Field(description="What proposed the settings: tpe or random.")
    sampler_seed: int = Field(description="Of the sampler.")
    space: dict[str, str] = Field(description="section.key -> the values it was drawn from.")
    chosen: dict[str, JsonValue] = Field(description="section.key -> value of the best trial.")
    fixed: dict[str, JsonValue] = Field({}, description="section.key -> value that the user set for all trials.")
    best: float = Field(allow_inf_nan=False, description="Mean over the seeds of `metric` on validation, best trial.")
    metric: str
    task: str
    data_set: str
    data: Literal["real", "phantom"]
    data_fingerprint: str = Field(description="Of the data set's content.")
    split: str | None = Field(None, description="grouped, or SHA-256 of a split file; null for the usual split.")
    protocol: str
    backbone: str
    profile: ProfileName
    corpus: str = Field(description="pool, task, or the name of a manifest.")
    seeds: list[int] = Field(description="Seeds of the trials.")

    @field_validator("chosen", "fixed")
    @classmethod
    def _finite(cls, values: dict[str, Any]) -> dict[str, Any]:
        json.dumps(values, allow_nan=False)
        return values

    def of(self, data_set: str, fingerprint: str) -> bool:
        """Whether they were tuned on this data set, under whatever name."""
        return data_set == self.data_set or fingerprint == self.data_fingerprint

    @property
    def text(self) -> str:
        """How many trials and on what, as tables show it."""
        return f"{self.trials} trials on {self.data_set}"

    @property
    def space_text(self) -> str:
        """What was tuned between which values, as tables show it."""
        return "; ".join(f"{name} {values}" for name, values in self.space.items())
