"""Leaderboards: records -> tables of means, intervals and ranks. Reads records only; never trains.

A group is what may be compared: data (real or phantom), profile, task, protocol, backbone and evaluation settings.
A contestant is a method with its own settings, its corpus and its pretraining budget; seeds are averaged.
A variant is a contestant with changed method settings, as in an ablation: listed, but no rank of another depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.core.digest import digest
from bench.core.settings import settings_text
from bench.results.domains import DISTRIBUTION, domain_scores, domain_summary, site_columns
from bench.results.record import Record
from bench.results.statistics import intervals, means, tied

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
SCOPE = ["data", "profile", "backbone"]
BUDGET = [*SCOPE, "budget"]
DECIMALS = 12
"""Means that differ beyond these decimals only are equal: the order in which scores are summed decides no rank."""


def to_frame(records: Sequence[Record]) -> pd.DataFrame:
    """One row per record: group, contestant, seed and scores, and what else boards and ablation tables are made of.

    `changed` and `method_settings` are the method's settings: what the user set, and all; `logged` are scalars of the
    pretraining. These columns hold dictionaries.
    """
    return frame_of([row_of(r) for r in records])


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The frame of rows that `row_of` gave."""
    frame = pd.DataFrame(rows)
    numbers = ["score", "without_duplicates", "validation", *DISTRIBUTION, *site_columns(frame), *EFFICIENCY]
    return frame.astype(dict.fromkeys(numbers, float)) if rows else frame


def row_of(r: Record) -> dict[str, Any]:
    """What boards read of a record, as plain values."""
    set_ = r.overrides.get("method", {})
    return {
        "identity": r.identity,
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
        "stand_in": bool(r.stand_in_for),
        "seed": r.seed,
        "metric": r.metric,
        "score": r.metrics[r.metric],
        "without_duplicates": r.metrics_without_duplicates.get(r.metric),
        "validation": r.selection.get(f"validation_{r.metric}"),
        "source": digest(r.versions.pretraining)[:8],
        "budget": _text(r, "pretrain"),
        "evaluation_settings": _text(r, "task", "protocol"),
        "changed": set_,
        "method_settings": r.config.get("method", {}) | set_,
        "ablations": [a.model_dump() for a in r.ablations],
        "logged": r.logged,
        **{name: r.efficiency.get(name) for name in EFFICIENCY},
        **domain_scores(r),
    }


def _text(record: Record, *sections: str) -> str:
    return settings_text({s: record.overrides.get(s, {}) for s in sections})


def _settings(record: Record) -> str:
    """What the user set, as text; settings of pretraining and method do not concern a method without pretraining."""
    return settings_text(record.overrides) if record.corpus else _text(record, "task", "protocol")


def summary(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """What the runs of each row amount to: mean, deviation and interval, without duplicates, and on validation."""
    scores = intervals(runs["score"], rows).rename(columns={"low": "ci95_low", "high": "ci95_high"})
    others = means(runs[["without_duplicates", "validation"]], rows).add_prefix("mean_")
    return pd.concat([first(runs, rows)[["metric"]], scores, others, domain_summary(runs, rows)], axis=1)


def first(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """The first run of each row, in the order of the rows."""
    chosen = ~rows.duplicated()
    return runs[chosen].set_index(rows[chosen].to_numpy()).sort_index()


def task_board(records: Sequence[Record]) -> pd.DataFrame:
    """The board of these records; see `board_of`. Raises `ValueError`."""
    return board_of(to_frame(records))


def board_of(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per group and contestant, ranked inside the group by mean (1 is best; equal means share a rank).

    `frame` is that of `to_frame`. Ranks count the methods with their own settings; a variant has the rank it would
    have among them. In a group of variants alone they count.

    `tied_with_best`: a paired t-test over common seeds does not tell the row from its group's best row (p >= 0.05);
    empty with fewer than two common seeds.

    Raises:
        ValueError: two records of one contestant share a seed.
    """
    if frame.empty:
        return frame
    keys = GROUP + CONTESTANT
    rows = frame.groupby(keys, sort=True).ngroup()
    _require_unique(frame, rows)
    parts = [first(frame, rows)[[*keys, "data_set"]], summary(frame, rows), means(frame[EFFICIENCY], rows)]
    board = pd.concat(parts, axis=1)
    groups = board.groupby(GROUP).ngroup()
    counts = _counting(board, groups)
    board["rank"] = _ranks(board["mean"], counts, groups)
    board["tied_with_best"] = _ties(frame, rows, groups, groups[counts & (board["rank"] == 1)])
    return board.sort_values([*GROUP, "rank", *CONTESTANT], kind="stable").reset_index(drop=True)


def is_variant(board: pd.DataFrame) -> pd.Series:
    """Whether each row has changed method settings."""
    return board["settings"].str.contains(r"(?:^| )method\.", regex=True)


def _counting(board: pd.DataFrame, groups: pd.Series) -> pd.Series:
    variant = is_variant(board)
    return ~variant | variant.groupby(groups).transform("all")


def _require_unique(frame: pd.DataFrame, rows: pd.Series) -> None:
    repeated = frame[pd.DataFrame({"row": rows, "seed": frame["seed"]}).duplicated(keep=False)]
    if len(repeated):
        one = repeated.iloc[0]
        raise ValueError(
            f"{len(repeated)} records share method, settings and seed but not identity, as {one['method']} on "
            f"{one['task']} seed {one['seed']}. Remove the outdated files from results/runs."
        )


def _ranks(mean: pd.Series, counts: pd.Series, groups: pd.Series) -> pd.Series:
    """1 and the number of rows of the group that count and have a greater mean; NaN for an undefined one."""
    table = pd.DataFrame({"mean": mean.round(DECIMALS), "counts": counts.astype(int), "group": groups})
    table = table.sort_values("mean", ascending=False)
    above = table.groupby("group")["counts"].cumsum() - table["counts"]
    return 1.0 + above.groupby([table["group"], table["mean"]]).transform("first")


def _ties(frame: pd.DataFrame, rows: pd.Series, groups: pd.Series, best: pd.Series) -> pd.Series:
    """Verdict on each row against its group's best one, `best` being row -> group; the first of equal ones."""
    runs = pd.DataFrame({"row": rows, "group": rows.map(groups), "seed": frame["seed"], "score": frame["score"]})
    top = runs[runs["row"].isin(best.drop_duplicates().index)]
    pairs = runs.merge(top, on=["group", "seed"], suffixes=("", "_of_best"))
    verdicts = tied(pairs["score_of_best"] - pairs["score"], pairs["row"])
    return pd.Series([verdicts.get(row) for row in groups.index], index=groups.index, dtype=object)


def overall_board(board: pd.DataFrame) -> pd.DataFrame:
    """Mean rank over all tasks of a (data, profile, backbone, pretraining budget), null for contestants that lack one.

    Variants are left out. Methods without pretraining take part in every budget; they add no task to it. A rank is
    one among the rows of a protocol and setting of a task. The mean is over tasks, of means inside a task: one with
    six protocols, or two engines, counts once.
    """
    if board.empty:
        return board
    board = board[~is_variant(board)].assign(settings=lambda rows: rows["settings"].map(_pretraining_only))
    if board.empty:
        return board
    rows = _in_budgets(board.assign(column=board["task"] + ":" + board["protocol"] + "@" + board["evaluation"]))
    rows["mean"] = rows["mean"].round(DECIMALS)
    rows["rank"] = rows.groupby([*BUDGET, "column"])["mean"].rank(method="min", ascending=False)
    rows = rows.dropna(subset="rank")
    table = _mean_ranks(rows)
    ranks = rows.pivot_table(index=BUDGET + CONTESTANT, columns="column", values="rank", aggfunc="min")
    order = rows.sort_values([*BUDGET, "column"])["column"].drop_duplicates()
    table = table.join(ranks[order].add_prefix("rank ")).reset_index()
    return table.sort_values([*BUDGET, "mean_rank", *CONTESTANT], kind="stable").reset_index(drop=True)


def _in_budgets(board: pd.DataFrame) -> pd.DataFrame:
    """The rows of each budget: those with it, and those without pretraining wherever one with it stands."""
    trained = board[board["corpus"] != ""].assign(budget=lambda rows: rows["settings"])
    floor = board[board["corpus"] == ""]
    columns = trained[[*BUDGET, "column"]].drop_duplicates()
    beside = columns.merge(floor, on=[*SCOPE, "column"])
    with_any = pd.MultiIndex.from_frame(trained[SCOPE])
    alone = floor[~pd.MultiIndex.from_frame(floor[SCOPE]).isin(with_any)].assign(budget="")
    return pd.concat([trained, beside, alone], ignore_index=True)


def _mean_ranks(rows: pd.DataFrame) -> pd.DataFrame:
    """`mean_rank` and `tasks` of each contestant of a budget: `tasks` are those of which no column is missing."""
    needed = rows.groupby([*BUDGET, "task"])["column"].nunique().rename("columns")
    ranks = rows.groupby([*BUDGET, *CONTESTANT, "task", "column"])["rank"].min()
    of_tasks = ranks.groupby([*BUDGET, *CONTESTANT, "task"]).agg(["mean", "count"]).join(needed)
    complete = of_tasks["mean"].where(of_tasks["count"] == of_tasks["columns"])
    table = complete.groupby(BUDGET + CONTESTANT).agg(mean_rank="mean", tasks="count").round(DECIMALS)
    every = needed.groupby(BUDGET).size().rename("every")
    return table.assign(mean_rank=table["mean_rank"].where(table["tasks"] == table.join(every)["every"]))


def _pretraining_only(settings: str) -> str:
    return " ".join(s for s in settings.split() if s.startswith(("method.", "pretrain.")))
