"""What comes out of an adaptation: predictions, what validation chose among, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from torch import Tensor

from bench.core.kind import TaskKind
from bench.core.task import Case

Candidate = Mapping[str, float]
"""A candidate's setting and what it scored on validation: `{"neighbours": 5, "validation": 0.81}`."""


@dataclass(frozen=True)
class Draw:
    """One choice of labelled training images, and what came of it."""

    labelled: tuple[str, ...]
    """Ids of the training cases that kept their label, sorted."""
    predictions: np.ndarray
    """One entry per test case, as in `Adaptation`."""


@dataclass(frozen=True)
class Adaptation:
    """Outcome of one adaptation."""

    predictions: np.ndarray
    """One entry per test case, in the order of the split, as the kind's `collect` gives them; means over draws."""
    best_epoch: int | None
    """None where nothing was trained epoch by epoch."""
    validation: float
    """Headline metric on the validation split, of what was chosen there."""
    cost: dict[str, float]
    draws: tuple[Draw, ...] = ()
    """Where only some training images are labelled; scores are means over the draws' scores."""
    chosen: Mapping[str, float] | None = None
    """The settings that validation chose of `sweep`; None where it chose none, or for each draw its own."""
    sweep: tuple[Candidate, ...] = ()
    """All candidates, in their order, with the draw where there are several."""
    notes: tuple[str, ...] = ()
    """What a reader should know of the choice: that it lies at an end of its range."""
    fitted: Mapping[str, np.ndarray] = field(default_factory=dict)
    """What a probe of embeddings predicts by; empty where a network was trained."""


class Best(NamedTuple):
    """The epoch that is best on validation so far."""

    score: float
    loss: float
    epoch: int
    weights: dict[str, Tensor]


def headline_score(kind: TaskKind, cases: Sequence[Case], predictions: np.ndarray) -> float:
    """The task's headline metric; below every other where it is undefined."""
    score = kind.score(cases, predictions)[kind.task.metric]
    return -math.inf if score is None else score


def edge_notes(name: str, setting: str, values: Sequence[float], chosen: float) -> tuple[str, ...]:
    """A note where the chosen value is the first or the last of several: the best may lie beyond."""
    if len(values) < 2 or values[0] < chosen < values[-1]:
        return ()
    end = "smallest" if chosen == values[0] else "largest"
    return (f"{name}: validation chose the {end} {setting} of its range ({chosen:g}); the best may lie beyond it",)
