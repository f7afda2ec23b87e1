"""Leaderboards: records -> tables of means, intervals and ranks. Reads records only; never trains.

A group is what may be compared: data (real or phantom), profile, task, protocol, backbone and evaluation settings.
A contestant is a method with its own settings, its corpus and its pretraining budget; seeds are averaged.
A variant is a contestant with changed method settings, as in an ablation: listed, but no rank of another depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.config import settings_text
from bench.domains import DISTRIBUTION, domain_scores, domain_summary, site_columns
from bench.intervals import interval
from bench.records import Record

GROUP = ["data", "profile", "task", "protocol", "backbone", "evaluation"]
EFFICIENCY = [
    "parameters",
    "trained_parameters",
    "gflops_per_image",
    "images_per_second",
    "peak_memory_mib",
    "pretrain_seconds",
    "adapt_seconds",
]
"""What a record's `efficiency` may hold; means over seeds, empty where a record lacks it."""
CONTESTANT = ["method", "settings", "corpus", "pretraining"]


def to_frame(records: Sequence[Record]) -> pd.DataFrame:
    """One row per record: group, contestant, seed, headline score with and without duplicated test cases."""
    rows = [
        {
            "data": r.data,
            "profile": r.profile,
            "task": r.task,
            "protocol": r.protocol,
            "backbone": r.backbone,
            "evaluation": r.hashes["evaluation"][:8],
            "method": r.method,
            "settings": _settings(r),
            "corpus": r.corpus.label if r.corpus else "",
            "pretraining": r.hashes["pretraining"][:8],
            "data_set": r.data_set,
            "seed": r.seed,
            "metric": r.metric,
            "score": r.metrics[r.metric],
            "without_duplicates": r.metrics_without_duplicates.get(r.metric),
            "validation": r.selection.get(f"validation_{r.metric}"),
            **domain_scores(r),
            **{name: r.efficiency.get(name) for name in EFFICIENCY},
        }
        for r in records
    ]
    frame = pd.DataFrame(rows)
    numbers = ["score", "without_duplicates", "validation", *DISTRIBUTION, *site_columns(frame), *EFFICIENCY]
    return frame.astype(dict.fromkeys(numbers, float)) if rows else frame


def _settings(record: Record) -> str:
    """What the user set, as text; settings of pretraining and method do not concern a method without pretraining."""
    sections = (
        record.overrides if record.corpus else {k: v for k, v in record.overrides.items() if k in ("task", "protocol")}
    )
    return settings_text(sections)


def summary(runs: pd.DataFrame) -> dict[str, Any]:
    """What runs of several seeds amount to: mean, deviation and interval, without duplicates, and on validation."""
    low, high = interval(runs["score"])
    return {
        "data_set": runs["data_set"].iloc[0],
        "metric": runs["metric"].iloc[0],
        "seeds": len(runs),
        "mean": runs["score"].mean(skipna=False),
        "std": runs["score"].std(ddof=1, skipna=False) if len(runs) > 1 else np.nan,
        "ci95_low": low,
        "ci95_high": high,
        "mean_without_duplicates": runs["without_duplicates"].mean(skipna=False),
        "mean_validation": runs["validation"].mean(skipna=False),
        **domain_summary(runs),
    }


def task_board(records: Sequence[Record]) -> pd.DataFrame:
    """One row per group and contestant, ranked inside the group by mean (1 is best; equal means share a rank).

    Ranks count the methods with their own settings; a variant has the rank it would have among them. In a group of
    variants alone they count.

    `tied_with_best`: a paired t-test over common seeds does not tell the row from its group's best row (p >= 0.05);
    empty with fewer than two common seeds.

    Raises:
        ValueError: two records of one contestant share a seed.
    """
    frame = to_frame(records)
    if frame.empty:
        return frame
    _require_unique(frame)
    keys = GROUP + CONTESTANT
    board = pd.DataFrame(
        [
            {**dict(zip(keys, key, strict=True)), **summary(runs), **runs[EFFICIENCY].mean(skipna=False)}
            for key, runs in frame.groupby(keys, sort=True)
        ]
    )
    board["counts"] = _counting(board)
    board["rank"] = np.nan
    for _, rows in board.groupby(GROUP):
        means = rows.loc[rows["counts"], "mean"]
        better = [np.nan if np.isnan(mean) else 1 + int((means > mean).sum()) for mean in rows["mean"]]
        board.loc[rows.index, "rank"] = better
    board["tied_with_best"] = _ties(frame, board)
    board = board.drop(columns="counts")
    return board.sort_values([*GROUP, "rank", *CONTESTANT], kind="stable").reset_index(drop=True)


def is_variant(board: pd.DataFrame) -> pd.Series:
    """Whether each row has changed method settings."""
    return board["settings"].str.contains(r"(?:^| )method\.", regex=True)


def _counting(board: pd.DataFrame) -> pd.Series:
    variant = is_variant(board)
    return ~variant | variant.groupby([board[c] for c in GROUP]).transform("all")


def _require_unique(frame: pd.DataFrame) -> None:
    repeated = frame[frame.duplicated([*GROUP, *CONTESTANT, "seed"], keep=False)]
    if len(repeated):
        first = repeated.iloc[0]
        raise ValueError(
            f"{len(repeated)} records share method, settings and seed but not identity, as {first['method']} on "
            f"{first['task']} seed {first['seed']}. Remove the outdated files from results/runs."
        )


def _ties(frame: pd.DataFrame, board: pd.DataFrame) -> list[bool | None]:
    scores = {k: v.set_index("seed")["score"] for k, v in frame.groupby(GROUP + CONTESTANT)}
    best = board[(board["rank"] == 1) & board["counts"]].drop_duplicates(GROUP).set_index(GROUP)[CONTESTANT]
    verdicts: list[bool | None] = []
    for row in board[GROUP + CONTESTANT].itertuples(index=False, name=None):
        group, own = row[: len(GROUP)], scores[row]
        if group not in best.index:
            verdicts.append(None)
            continue
        top = scores[group + tuple(best.loc[group])]
        common = own.index.intersection(top.index)
        verdicts.append(_tied(own.loc[common].to_numpy(), top.loc[common].to_numpy()))
    return verdicts


def _tied(own: np.ndarray, top: np.ndarray) -> bool | None:
    difference = top - own
    if len(difference) == 0 or np.isnan(difference).any():
        return None
    if not difference.any():
        return True
    if len(difference) < 2:
        return None
    if np.ptp(difference) < 1e-12:  # equal but for rounding: no variance to test with
        return False
    return bool(stats.ttest_1samp(difference, 0.0).pvalue >= 0.05)


def overall_board(board: pd.DataFrame) -> pd.DataFrame:
    """Mean rank over all tasks of a (data, profile, backbone, pretraining budget), null for contestants that lack one.

    Variants are left out. Methods without pretraining take part in every budget; they add no task to it.
    """
    if board.empty:
        return board
    board = board[~is_variant(board)].assign(settings=lambda rows: rows["settings"].map(_pretraining_only))
    scope = ["data", "profile", "backbone"]
    parts = []
    for key, everyone in board.groupby(scope, sort=True):
        floor = everyone["corpus"] == ""
        budgets = sorted(set(everyone.loc[~floor, "settings"])) or [""]
        for budget in budgets:
            rows = everyone[floor | (everyone["settings"] == budget)]
            table = _mean_ranks(rows, rows["corpus"] != "" if (~floor).any() else floor)
            for name, value in zip([*scope, "budget"][::-1], (*key, budget)[::-1], strict=True):
                table.insert(0, name, str(value))
            parts.append(table.sort_values(["mean_rank", *CONTESTANT], kind="stable", na_position="last"))
    return pd.concat(parts, ignore_index=True) if parts else board.iloc[:0]


def _mean_ranks(rows: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """Ranks among `rows` for each protocol and setting of a task that the `chosen` rows have, and their mean.

    The mean is over tasks, of means inside a task: one with six protocols, or two engines, counts once.
    """
    rows = rows.assign(column=rows["task"] + ":" + rows["protocol"] + "@" + rows["evaluation"])
    rows = rows[rows["column"].isin(rows.loc[chosen, "column"])]
    rows = rows.assign(rank=rows.groupby("column")["mean"].rank(method="min", ascending=False))
    ranks = rows.pivot_table(index=CONTESTANT, columns="column", values="rank", aggfunc="min")
    table = ranks.rename(columns=lambda c: f"rank {c}")
    task_of = ranks.columns.str.split(":").str[0]
    of_tasks = pd.DataFrame({t: ranks.loc[:, task_of == t].mean(axis=1, skipna=False) for t in task_of.unique()})
    table.insert(0, "mean_rank", of_tasks.mean(axis=1, skipna=False))
    table.insert(1, "tasks", of_tasks.notna().sum(axis=1))
    return table.reset_index()


def _pretraining_only(settings: str) -> str:
    return " ".join(s for s in settings.split() if s.startswith(("method.", "pretrain.")))
