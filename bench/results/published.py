"""Numbers of papers, joined to a leaderboard as *reported*: beside ours, never averaged in."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

from bench.core.errors import StorageError
from bench.core.reading import Unusable, reading, text_of
from bench.results.domains import join_reported_sites

NUMBERS = ("mean", "std")
COLUMNS = ("method", "backbone", "task", "protocol", "metric", *NUMBERS)
"""What a table of published numbers has; mean and standard deviation in percent."""
REPORTED_BACKBONES = {"": "resnet50", "vit": "vit_b_16"}
"""Start of a backbone's name -> the backbone whose published numbers stand beside it."""
PUBLISHED_NAMES = {
    "task": {"prostate/average": "prostate"},
    "protocol": {"mlp_frozen": "mlp"},
    "metric": {"dice_2d": "dice"},
}
"""What the tables of papers call differently, by column -> its name here."""


def read_published(folder: Path | None) -> tuple[list[pd.DataFrame], list[str]]:
    """The tables of papers in a folder, each with its name as `reported_in`, and one line for each that is none."""
    tables, problems = [], []
    for file in sorted(folder.glob("*.csv")) if folder else ():
        try:
            tables.append(_read(file).assign(reported_in=file.stem))
        except StorageError as error:
            problems.append(" ".join(str(error).splitlines()))
    return tables, problems


def _read(file: Path) -> pd.DataFrame:
    advice = f"It is left out; mend or remove it. Columns: {', '.join(COLUMNS)}."
    with reading(file, advice, StorageError, what="is no table of published numbers"):
        rows = list(csv.reader(io.StringIO(text_of(file), newline=""), strict=True))
        columns = rows[0] if rows else []
        if missing := [name for name in COLUMNS if name not in columns]:
            raise Unusable(f"the column {missing[0]} is missing")
        if wrong := [n for n, row in enumerate(rows, start=1) if row and len(row) != len(columns)]:
            raise Unusable(f"row {wrong[0]} has {len(rows[wrong[0] - 1])} fields for {len(columns)} columns")
        table = pd.DataFrame([row for row in rows[1:] if row], columns=columns)
        table["family"] = table.get("family", "")
        for name in NUMBERS:
            table[name] = pd.to_numeric(table[name].replace("", np.nan))
        if not table["mean"].between(-100, 100).all() or np.isinf(table["std"]).any():
            raise Unusable("a mean is no percentage")
    return table


def join_published(board: pd.DataFrame, published: Path) -> pd.DataFrame:
    """Add the paper's numbers beside ours, as *reported* (percent there, fractions here); real data only."""
    tables = read_published(published)[0]
    if board.empty or not tables:
        return board
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
