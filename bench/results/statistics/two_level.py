"""Intervals over seeds and cases: a bootstrap of the cases, and a t distribution for the few seeds.

A table of scores by seed and case has three parts of variance: of seeds, of cases, and of what a seed makes of a case.
Resampling both ways counts the third twice and takes the first to be (S - 1) / S of what it is (McCullagh 2000; Owen
2007), and percentiles of three resampled seeds are far too narrow. So the parts are estimated apart, as in a two-way
analysis of variance but from the bootstrap's draws, which serves metrics that are no means of cases:

    A   variance over seeds of the score / S               (seeds, and a share I of the third part)
    B   variance over draws of the mean over seeds         (cases, and the same share)
    I   variance over draws of a seed's score less that mean, / (S - 1)

The mean over seeds is off by sqrt(A) times Student's t with S - 1 degrees of freedom and by what resampled cases say,
less the share that A holds already: the sum of the two distributions, as in the problem of Behrens and Fisher. Seeds
that differ by no more than their cases explain (A < I) add nothing to the cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import chdtri

from bench.results.statistics.resampling import scale_levels, seed_multipliers

LEAST_SEEDS = 3
"""With fewer nothing is said about other seeds: intervals are over cases, and no test is made."""
LEAST_DEFINED = 0.5
"""Share of draws in which a metric must be defined for an interval."""
ALPHA = 0.05
LEVELS = (1 - np.cos(np.linspace(0, np.pi, 514)[1:-1])) / 2
"""Where quantiles of chi squared are computed, dense at both ends."""


@dataclass(frozen=True)
class Scores:
    """One metric of one contestant, seed by seed."""

    seeds: tuple[int, ...]
    recorded: np.ndarray
    """(S,) as the records have them."""
    draws: np.ndarray
    """(S, B): with resampled cases; NaN where undefined."""
    test_sets: tuple[str, ...] = ()
    """What each seed was tested on; only equal ones are compared."""
    n_subjects: int = 0
    subjects_known: bool = False

    def of(self, seeds: Sequence[int]) -> Scores:
        """The same for some of the seeds, in this order."""
        at = [self.seeds.index(seed) for seed in seeds]
        sets = tuple(self.test_sets[i] for i in at) if self.test_sets else ()
        return Scores(tuple(seeds), self.recorded[at], self.draws[at], sets, self.n_subjects, self.subjects_known)


@dataclass(frozen=True)
class Spread:
    """The parts of the variance of a mean over seeds; A and I are 0 with too few seeds."""

    seeds: float
    """A."""
    cases: float
    """B."""
    shared: float
    """I."""
    seed_df: int
    case_df: int


def spread_of(values: np.ndarray, draws: np.ndarray, n_subjects: int) -> Spread | None:
    """The spread of values (S,) with draws (S, B); None with fewer than two subjects or mostly undefined draws."""
    defined = np.isfinite(draws).all(axis=0)
    if n_subjects < 2 or not np.isfinite(values).all() or defined.mean() < LEAST_DEFINED:
        return None
    draws = draws if defined.all() else draws[:, defined]
    n_seeds, cases = len(values), float(draws.mean(axis=0, dtype=np.float64).var())
    if n_seeds < LEAST_SEEDS:
        return Spread(0.0, cases, 0.0, n_seeds - 1, n_subjects - 1)
    shared = max(float(draws.var(axis=1, dtype=np.float64).mean()) - cases, 0.0) / (n_seeds - 1)
    return Spread(float(values.var(ddof=1)) / n_seeds, cases, shared, n_seeds - 1, n_subjects - 1)


def resampled_means(scores: Scores, spread: Spread, low: float, high: float) -> np.ndarray:
    """Draws (B,) of the mean over seeds, within the metric's range; NaN where undefined.

    Draws of contestants with the same subjects and seeds belong together.
    """
    value = scores.recorded.mean()
    mean = scores.draws.mean(axis=0, dtype=np.float64)
    off = (mean - np.nanmean(mean)) * _wider(spread.case_df, "cases", len(mean))
    apart = spread.seeds > spread.shared
    own = max(spread.cases - spread.shared, 0.0) if apart else max(spread.cases, spread.shared)
    off = off * np.sqrt(own / spread.cases if spread.cases > 0 else 0.0)
    if apart:
        direction = (scores.recorded - value) / np.linalg.norm(scores.recorded - value)
        normal = direction @ seed_multipliers(scores.seeds, len(mean))
        off = off + np.sqrt(spread.seeds) * normal * _wider(spread.seed_df, "seeds", len(mean))
    return np.clip(value + off, low, high)


def _wider(df: int, what: str, n_draws: int) -> np.ndarray:
    """What makes normal draws those of Student's t: square roots of df / chi squared (draws,)."""
    factors: np.ndarray = np.interp(scale_levels(what, n_draws), LEVELS, np.sqrt(widths(df)))
    return factors


@lru_cache(maxsize=64)
def widths(df: int) -> np.ndarray:
    """df / chi squared with df degrees of freedom at the `LEVELS`."""
    found: np.ndarray = df / chdtri(df, LEVELS)
    return found


def percentile_interval(draws: np.ndarray, level: float = 1 - ALPHA) -> tuple[float, float]:
    """The middle part of the draws that are defined."""
    low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
