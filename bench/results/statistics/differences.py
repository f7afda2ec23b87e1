"""Paired differences: their interval, their tests, and the smallest one that a design could have shown.

The parts of the variance of a difference are those of `two_level`, of the differences by seed and case.
The law is more cautious than that of a mean's interval: the variance between seeds (A) always has few degrees of
freedom, and what of it the cases explain (I) is a lower bound. An interval needs the middle of a distribution alone;
corrected tests need its tails, which are Student's with S - 1 degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from bench.results.statistics.two_level import ALPHA, LEAST_SEEDS, Scores, Spread, spread_of, widths

POWER = 0.8
_WEIGHTS = np.sin(np.linspace(0, np.pi, 514)[1:-1])
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
"""Of the `LEVELS` in an integral over (0, 1)."""


@dataclass(frozen=True)
class Law:
    """Distribution of a difference around its true value: normal plus Student's t, both scaled."""

    normal: float
    """Variance of the normal part."""
    scale: float
    """Variance of the t part but for its degrees of freedom."""
    df: int

    @classmethod
    def of(cls, spread: Spread) -> Law:
        """From the parts of the variance; over cases alone it is Student's t."""
        if spread.seeds == spread.shared == 0 and spread.seed_df < LEAST_SEEDS - 1:
            return cls(0.0, spread.cases, spread.case_df)
        normal = max(spread.cases - spread.shared, 0.0) + max(spread.shared - spread.seeds, 0.0)
        small = spread.case_df / max(spread.case_df - 2, 1)  # the variance of Student's t over that of a normal
        return cls(normal * small, spread.seeds, spread.seed_df)

    @property
    def error(self) -> float:
        """Standard error."""
        return float(np.sqrt(self.normal + self.scale))

    def tail(self, distance: float) -> float:
        """Chance of being off by more than `distance` in one direction."""
        if self.error == 0:
            return 0.0 if distance > 0 else 1.0
        if self.normal == 0:
            return float(stdtr(self.df, -distance / np.sqrt(self.scale)))
        variances = self.normal + self.scale * widths(self.df)
        return float(_WEIGHTS @ ndtr(-distance / np.sqrt(variances)))

    def distance(self, tail: float) -> float:
        """The distance that is exceeded in one direction with a chance of `tail`, below 0.5."""
        low, high = 0.0, 2 * float(stdtrit(self.df, 1 - tail)) * self.error
        for _ in range(30 if high > 0 else 0):
            middle = (low + high) / 2
            low, high = (middle, high) if self.tail(middle) > tail else (low, middle)
        return high


@dataclass(frozen=True)
class Difference:
    """A mean over seeds less another, paired by seed and case. NaN where it is undefined."""

    value: float
    low: float = np.nan
    high: float = np.nan
    smallest_shown: float = np.nan
    """The difference that such a design finds with 80 % power at 5 %."""
    law: Law | None = None
    seeds: int = 0
    """In common."""

    @property
    def tested(self) -> bool:
        """Whether there are seeds enough, and cases, for a test."""
        return self.seeds >= LEAST_SEEDS and self.law is not None

    def p_of_zero(self) -> float:
        """Two-sided p of no difference; NaN where nothing is tested."""
        return min(1.0, 2 * self.law.tail(abs(self.value))) if self.tested and self.law else np.nan

    def p_outside(self, margin: float | None) -> float:
        """p of a difference of `margin` or more in either direction: two one-sided tests (Schuirmann 1987)."""
        if not self.tested or margin is None or self.law is None:
            return np.nan
        return self.law.tail(margin - abs(self.value))


def difference(a: Scores, b: Scores) -> Difference:
    """Paired difference a - b over common seeds; without an interval where they were not tested on the same cases."""
    seeds = [seed for seed in a.seeds if seed in b.seeds]
    if not seeds:
        return Difference(np.nan)
    a, b = a.of(seeds), b.of(seeds)
    values = a.recorded - b.recorded
    value = float(values.mean())
    spread = spread_of(values, a.draws - b.draws, a.n_subjects) if a.test_sets == b.test_sets else None
    if spread is None or not np.isfinite(value):
        return Difference(value, seeds=len(seeds))
    law = Law.of(spread)
    half = law.distance(ALPHA / 2)
    return Difference(value, value - half, value + half, half + law.distance(1 - POWER), law, len(seeds))
