"""Mean ranks over the data sets of a pretraining budget, with bootstrap intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.results.comparison.with_best import ranks_of
from bench.results.frame import BUDGET, CONTESTANT, SCOPE
from bench.results.leaderboard import DECIMALS, is_variant
from bench.results.statistics.two_level import ALPHA

CELL = [*BUDGET, "column"]
ROW = [*BUDGET, *CONTESTANT]


def overall_board(board: pd.DataFrame) -> pd.DataFrame:
    """Mean rank over all data sets of a (data, profile, backbone, pretraining budget).

    `board` is that of `board_of`, or of `detailed_board`, which has what intervals are made of. Variants are left out.
    Methods without pretraining take part in every budget; they add no task to it. A rank is one among the rows of a
    protocol and setting of a task. The mean is over test sets, of means inside one: two tasks, six protocols or two
    engines on the same images count once. It is null for a contestant that lacks a column.
    """
    if board.empty:
        return board
    board = board[~is_variant(board)].assign(settings=lambda rows: rows["settings"].map(_pretraining_only))
    if board.empty:
        return board
    named = board["task"] + " " + board["protocol"] + " evaluation_hash=" + board["evaluation_hash"]
    rows = _in_budgets(board.assign(column=named))
    rows["mean"] = rows["mean"].round(DECIMALS)
    rows["rank"] = rows.groupby(CELL)["mean"].rank(method="min", ascending=False)
    rows = rows.dropna(subset="rank").reset_index(drop=True)
    if rows.empty:
        return rows
    table = mean_ranks(rows, rows["rank"].to_numpy(float))
    table = (
        table.join(_intervals(rows)) if "sample" in rows else table.assign(mean_rank_low=np.nan, mean_rank_high=np.nan)
    )
    ranks = rows.pivot_table(index=ROW, columns="column", values="rank", aggfunc="min").astype("Int64")
    order = rows.sort_values(CELL)["column"].drop_duplicates()
    names = ["mean_rank", "mean_rank_low", "mean_rank_high", "data_sets"]
    own = [c for c in map(str, table) if c.startswith("set_rank ")]
    table = table[[*names, *own]].join(ranks[order].add_prefix("rank ")).reset_index()
    return table.sort_values([*BUDGET, "mean_rank", *CONTESTANT], kind="stable").reset_index(drop=True)


def _in_budgets(board: pd.DataFrame) -> pd.DataFrame:
    """The rows of each budget: those with it, and those without pretraining wherever one with it stands."""
    trained = board[board["corpus"] != ""].assign(budget=lambda rows: rows["settings"].map(_budget))
    floor = board[board["corpus"] == ""]
    columns = trained[[*BUDGET, "column"]].drop_duplicates()
    beside = columns.merge(floor, on=[*SCOPE, "column"])
    with_any = pd.MultiIndex.from_frame(trained[SCOPE])
    alone = floor[~pd.MultiIndex.from_frame(floor[SCOPE]).isin(with_any)].assign(budget="")
    return pd.concat([trained, beside, alone], ignore_index=True)


def mean_ranks(rows: pd.DataFrame, ranks: np.ndarray) -> pd.DataFrame:
    """`mean_rank` and `data_sets` of each contestant of a budget: `data_sets` are those that lack no column.

    `set_rank NAME` is the mean inside a test set.
    """
    rows = rows.assign(rank=ranks)
    needed = rows.groupby([*BUDGET, "test_set"])["column"].nunique().rename("columns")
    of_columns = rows.groupby([*ROW, "test_set", "column"])["rank"].min()
    of_sets = of_columns.groupby([*ROW, "test_set"]).agg(["mean", "count"]).join(needed)
    complete = of_sets["mean"].where(of_sets["count"] == of_sets["columns"])
    table = complete.groupby(ROW).agg(mean_rank="mean", data_sets="count").round(DECIMALS)
    inside = complete.reset_index().pivot_table(index=ROW, columns="test_set", values="mean")
    table = table.join(inside.add_prefix("set_rank ").round(DECIMALS))
    every = needed.groupby(BUDGET).size().rename("every")
    return table.assign(mean_rank=table["mean_rank"].where(table["data_sets"] == table.join(every)["every"]))


def _intervals(rows: pd.DataFrame) -> pd.DataFrame:
    """`mean_rank_low` and `mean_rank_high` of each contestant: 95 % percentile interval over the draws of its means.

    Undefined where its mean rank is, and where one of its ranks has no draws.
    """
    contestants = rows.groupby(ROW, sort=True)
    sums = np.zeros((contestants.ngroups, max(len(sample) for sample in rows["sample"])))
    np.add.at(sums, contestants.ngroup().to_numpy(), _drawn_ranks(rows) * _weights(rows)[:, None])
    whole = mean_ranks(rows, rows["rank"].to_numpy(float))["mean_rank"]
    table = pd.DataFrame(np.nan, index=whole.index, columns=["mean_rank_low", "mean_rank_high"])
    chosen = whole.notna().to_numpy() & np.isfinite(sums).all(axis=1) & (sums.shape[1] > 0)
    if chosen.any():
        table.loc[chosen] = np.quantile(sums[chosen], [ALPHA / 2, 1 - ALPHA / 2], axis=1).T
    return table


def _drawn_ranks(rows: pd.DataFrame) -> np.ndarray:
    """The rank of each row in its cell, draw by draw (rows, draws); NaN where a row of the cell has no draws."""
    samples = rows["sample"].to_list()
    n_draws = max(map(len, samples))
    drawn = np.full((len(rows), n_draws), np.nan)
    for cell in rows.groupby(CELL).indices.values():
        own = [samples[i] for i in cell]
        if all(len(sample) == n_draws for sample in own) and n_draws:
            drawn[cell] = ranks_of(np.stack(own), np.stack(own))
    return drawn


def _weights(rows: pd.DataFrame) -> np.ndarray:
    """What each row's rank counts in its contestant's mean: columns of a test set share what the set counts."""
    columns = rows.groupby([*ROW, "test_set"])["column"].transform("nunique")
    repeated = rows.groupby([*ROW, "test_set", "column"])["column"].transform("size")
    sets = rows.groupby(ROW)["test_set"].transform("nunique")
    weights: np.ndarray = (1 / (columns * repeated * sets)).to_numpy(float)
    return weights


def _pretraining_only(settings: str) -> str:
    return " ".join(s for s in settings.split() if s.startswith(("method.", "pretrain.")))


def _budget(settings: str) -> str:
    return " ".join(s for s in settings.split() if s.startswith("pretrain."))
