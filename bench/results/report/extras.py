"""What a report shows beside the records: names of classes, curves of pretraining, pictures of cases."""

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
class Curve:
    """A scalar over the steps of a pretraining."""

    name: str
    steps: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Extras:
    """All of it may be missing: then the report shows numbers alone."""

    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Task -> names of its classes."""
    curves: Mapping[str, Curve] = field(default_factory=dict)
    """Hash of a checkpoint -> its training loss."""
    picture_of: Callable[[Record, str], Picture | None] = lambda record, case: None
    """A run's picture of one of its test cases."""
