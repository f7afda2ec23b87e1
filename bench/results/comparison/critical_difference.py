"""Whether mean ranks over data sets differ: Friedman's test and Nemenyi's critical difference (Demšar 2006)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.results.frame import BUDGET
from bench.results.statistics.two_level import ALPHA

LEAST_DATA_SETS = 5
"""With fewer independent data sets the chi-squared approximation of Friedman's test means nothing."""


@dataclass(frozen=True)
class CriticalDifference:
    """Methods whose mean ranks are further apart than `distance` differ (5 %, all pairs), where `p` is small."""

    p: float
    """Of Friedman's test that all methods are level."""
    distance: float


def critical_difference(ranks: np.ndarray) -> CriticalDifference:
    """From ranks (data sets, methods), 1 the best, of independent data sets.

    Raises:
        ValueError: why there is none: too few data sets or methods.
    """
    n_sets, n_methods = ranks.shape
    if n_sets < LEAST_DATA_SETS:
        raise ValueError(f"{n_sets} independent data set{'s' * (n_sets != 1)}, at least {LEAST_DATA_SETS} are needed")
    if n_methods < 3:
        raise ValueError(f"{n_methods} methods, at least 3 are needed")
    from scipy.stats import friedmanchisquare, studentized_range

    p = float(friedmanchisquare(*ranks.T).pvalue)
    quantile = float(studentized_range.ppf(1 - ALPHA, n_methods, np.inf)) / math.sqrt(2)
    return CriticalDifference(p, quantile * math.sqrt(n_methods * (n_methods + 1) / (6 * n_sets)))


def critical_differences(overall: pd.DataFrame) -> list[str]:
    """One line for each budget of an overall board: its critical difference, or why there is none."""
    lines = []
    names = overall[BUDGET].astype(object).fillna("")
    for key, rows in overall.assign(**{name: names[name] for name in BUDGET}).groupby(BUDGET, sort=True):
        complete = rows[rows["mean_rank"].notna()]
        sets = set_ranks(complete)
        try:
            found = critical_difference(sets)
        except ValueError as error:
            text = f"none ({error})"
        else:
            text = f"{found.distance:.2f} (p of Friedman's test {found.p:.3f}, {len(sets)} data sets)"
        lines.append(f"Critical difference of mean ranks, {' '.join(filter(None, map(str, key)))}: {text}.")
    return lines


def set_ranks(rows: pd.DataFrame) -> np.ndarray:
    """Ranks (data sets, methods) from the columns `set_rank NAME` of rows of an overall board that lack none."""
    own = [c for c in map(str, rows) if c.startswith("set_rank ") and rows[c].notna().all()]
    ranks: np.ndarray = rows[own].rank().to_numpy(float).T if len(rows) else np.empty((0, 0))
    return ranks
