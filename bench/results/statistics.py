"""Statistics over seeds, for all rows of a table at once: means, intervals of means, paired tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

ROUNDING = 1e-12
"""Differences that vary by less are equal but for rounding: there is no variance to test with."""


def means(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Mean of each column over the runs of a row; NaN where one of them lacks a value.

    `rows` (runs,) holds the row of each run; the result has one line per row, in their order.
    """
    grouped = runs.groupby(rows)
    return grouped.mean().where(grouped.count().eq(grouped.size(), axis=0))


def intervals(scores: pd.Series, rows: pd.Series) -> pd.DataFrame:
    """Per row `seeds`, `mean`, `std`, and `low` and `high` of the 95 % confidence interval of the mean (Student's t).

    Undefined scores make all but `seeds` NaN; a single seed has a mean alone.
    """
    table = scores.groupby(rows).agg(["size", "count", "mean", "std"])
    defined = table[["mean", "std"]].where(table["count"] == table["size"])
    half = stdtrit(table["size"] - 1.0, 0.975) * defined["std"] / np.sqrt(table["size"])
    return pd.DataFrame(
        {"seeds": table["size"], **defined, "low": defined["mean"] - half, "high": defined["mean"] + half}
    )


def tied(differences: pd.Series, rows: pd.Series) -> dict[int, bool | None]:
    """Row -> whether a t-test does not tell its paired differences from zero (p >= 0.05).

    None with an undefined difference, and with a single one that is not zero.
    """
    table = differences.groupby(rows).agg(["size", "count", "mean", "std", "min", "max"])
    with np.errstate(divide="ignore", invalid="ignore"):
        t = table["mean"].abs() / (table["std"] / np.sqrt(table["size"]))
    verdicts = pd.Series(2 * stdtr(table["size"] - 1.0, -t) >= 0.05, index=table.index, dtype=object)
    verdicts[table["max"] - table["min"] < ROUNDING] = False
    verdicts[table["size"] < 2] = None
    verdicts[(table["min"] == 0) & (table["max"] == 0)] = True
    verdicts[table["count"] < table["size"]] = None
    return dict(zip(table.index.to_list(), verdicts.to_list(), strict=True))
