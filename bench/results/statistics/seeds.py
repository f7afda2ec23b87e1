"""Statistics over seeds, for all rows of a table at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtrit


def means(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Mean of each column over the runs of a row; NaN where one of them lacks a value.

    `rows` (runs,) holds the row of each run; the result has one line per row, in their order.
    """
    grouped = runs.groupby(rows)
    return grouped.mean().where(grouped.count().eq(grouped.size(), axis=0))


def deviations(scores: pd.Series, rows: pd.Series) -> pd.DataFrame:
    """Per row `seeds`, `mean` and sample standard deviation `std`, which a single seed has not.

    Undefined scores make all but `seeds` NaN.
    """
    table = scores.groupby(rows).agg(["size", "count", "mean", "std"])
    defined = table[["mean", "std"]].where(table["count"] == table["size"])
    return pd.DataFrame({"seeds": table["size"], **defined})


def seed_intervals(scores: pd.Series, rows: pd.Series) -> pd.DataFrame:
    """`deviations`, and `low` and `high` of the 95 % interval of the mean over seeds alone (Student's t).

    For scores of which no record holds the cases, those on the validation split.
    """
    table = deviations(scores, rows)
    half = stdtrit(table["seeds"] - 1.0, 0.975) * table["std"] / np.sqrt(table["seeds"])
    return table.assign(low=table["mean"] - half, high=table["mean"] + half)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's (1979) corrected p of a family of tests (N,); those that are NaN were not made and do not count."""
    made = np.flatnonzero(np.isfinite(p))
    order = made[np.argsort(p[made], kind="stable")]
    corrected = np.full(len(p), np.nan)
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected
