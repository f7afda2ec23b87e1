"""Numbers of papers, joined to a leaderboard as *reported*: beside ours, never averaged in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bench.results.domains import join_reported_sites

REPORTED_BACKBONES = {"": "resnet50", "vit": "vit_b_16"}
"""Start of a backbone's name -> the backbone whose published numbers stand beside it."""
PUBLISHED_NAMES = {
    "task": {"prostate/average": "prostate"},
    "protocol": {"mlp_frozen": "mlp"},
    "metric": {"dice_2d": "dice"},
}
"""What the tables of papers call differently, by column -> its name here."""


def join_published(board: pd.DataFrame, published: Path) -> pd.DataFrame:
    """Add the paper's numbers beside ours, as *reported* (percent there, fractions here); real data only."""
    files = sorted(published.glob("*.csv"))
    if board.empty or not files:
        return board
    tables = [pd.read_csv(f).assign(reported_in=f.stem) for f in files]
    paper = pd.concat(tables, ignore_index=True).replace(PUBLISHED_NAMES)
    paper = paper[paper["backbone"].isin(REPORTED_BACKBONES.values())].drop_duplicates(
        ["method", "task", "protocol", "metric", "backbone", "reported_in"]
    )
    paper = paper.assign(reported_mean=paper["mean"] / 100, reported_std=paper["std"] / 100).rename(
        columns={"task": "data_set", "backbone": "reported_backbone"}
    )
    columns = ["reported_mean", "reported_std", "reported_backbone", "reported_in"]
    keys = ["method", "data_set", "protocol", "metric", "reported_backbone"]
    family = board["backbone"].str.extract("^(vit)", expand=False).fillna("")
    joined = board.assign(reported_backbone=family.map(REPORTED_BACKBONES)).merge(
        paper[["reported_mean", "reported_std", "reported_in", *keys]], on=keys, how="left"
    )
    joined.loc[joined["reported_in"].isna(), columns] = np.nan
    joined = joined[[*(c for c in joined if c not in columns), *columns]]
    joined = join_reported_sites(joined, paper, keys)
    reported = [c for c in joined if str(c).startswith("reported_")]
    joined.loc[joined["data"] != "real", reported] = np.nan
    return joined
