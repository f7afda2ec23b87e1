"""What a report shows beside the records: names of classes, curves of trainings, pictures of cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.results.record import Record


@dataclass(frozen=True)
class Picture:
    """A small picture of a case."""

    uri: str
    """`data:image/...;base64,...`."""
    width: int
    """Of the case's own image, in pixels; boxes are drawn on it."""
    height: int


@dataclass(frozen=True)
class CurveLine:
    """A scalar over the steps or epochs of a training."""

    name: str
    """What tells it from the other lines of its curve; empty where it is the only one."""
    steps: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Curve:
    """Lines in one drawing."""

    name: str
    x_name: str
    """`step` or `epoch`."""
    lines: tuple[CurveLine, ...]


@dataclass(frozen=True)
class Extras:
    """All of it may be missing: then the report shows numbers alone."""

    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Task -> names of its classes."""
    curves: Mapping[str, tuple[Curve, ...]] = field(default_factory=dict)
    """Hash of a checkpoint, or identity of a run -> what its pretraining, or its adaptation, logged."""
    picture_of: Callable[[Record, str], Picture | None] = lambda record, case: None
    """A run's picture of one of its test cases."""
