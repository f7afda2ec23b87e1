"""Scores by site: in distribution (the trained site), out of it (the others), and what is lost between the two."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.results.record import Record
from bench.results.statistics.seeds import means

DISTRIBUTION = ("in_distribution", "out_of_distribution", "drop")
"""Headline metric where a data set has several domains: trained domain, mean of the others, difference."""
DROP_INTERVAL = ("drop_ci95_low", "drop_ci95_high")
SITE = "site:"
"""Start of the columns with the headline metric of one site."""
REPORTED_SITE = "reported_site:"


def domain_scores(record: Record) -> dict[str, float | None]:
    """`DISTRIBUTION` and a column for each site; None where undefined, and no sites where there is one alone."""
    scores = {domain: metrics.get(record.metric) for domain, metrics in record.domains.items()}
    sites = {f"{SITE}{domain}": score for domain, score in scores.items()}
    inside = scores.pop(record.trained_domain, None) if record.trained_domain else None
    outside = [score for score in scores.values() if score is not None]
    mean = float(np.mean(outside)) if outside and len(outside) == len(scores) else None
    drop = None if inside is None or mean is None else inside - mean
    return dict(zip(DISTRIBUTION, (inside, mean, drop), strict=True)) | sites


def domain_summary(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Per row, means over its runs of what `domain_scores` gave."""
    return means(runs[[*DISTRIBUTION, *site_columns(runs)]], rows)


def site_columns(frame: pd.DataFrame) -> list[str]:
    """The columns of sites, in their order."""
    return [c for c in map(str, frame.columns) if c.startswith(SITE)]


def is_domain_column(name: str) -> bool:
    """Whether a column of a leaderboard is about sites."""
    return name in (*DISTRIBUTION, *DROP_INTERVAL) or name.startswith((SITE, REPORTED_SITE))


def join_reported_sites(board: pd.DataFrame, paper: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Add what a paper reports of each site, where its table calls the task `<data set>/<site>`.

    `paper` has the columns `keys` and `reported_mean`; `board` has `keys` too.
    """
    for column in site_columns(board):
        site = column.removeprefix(SITE)
        suffix = f"/{site}"
        own = paper[paper["data_set"].str.endswith(suffix)]
        own = own.assign(data_set=own["data_set"].str.removesuffix(suffix)).drop_duplicates(keys)
        reported = own[[*keys, "reported_mean"]].rename(columns={"reported_mean": f"{REPORTED_SITE}{site}"})
        board = board.merge(reported, on=keys, how="left")
    return board
