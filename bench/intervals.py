"""Intervals of means over seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats


def interval(scores: pd.Series) -> tuple[float, float]:
    """95 % confidence interval of the mean over seeds (Student's t); NaN with fewer than two seeds."""
    n = len(scores)
    if n < 2 or scores.isna().any():
        return np.nan, np.nan
    half = float(stats.t.ppf(0.975, n - 1) * scores.std(ddof=1) / np.sqrt(n))
    return float(scores.mean()) - half, float(scores.mean()) + half
