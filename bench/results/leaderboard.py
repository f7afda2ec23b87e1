"""Leaderboards: records -> tables of means, intervals and ranks. Reads records only; never trains.

Groups, contestants: `bench.results.frame`. Seeds are averaged. A variant is a contestant with changed method settings,
as in an ablation: listed, but no rank of another depends on it. Settings tuned on another data set are none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.results.comparison.with_best import compare_with_best
from bench.results.domains import domain_summary
from bench.results.frame import CASE_COUNTS, CLEAN, CONTESTANT, EFFICIENCY, EMBEDDING, GROUP, SEEN, TUNED, to_frame
from bench.results.record import Record
from bench.results.statistics.evidence import NOTHING, Evidence, Intervals
from bench.results.statistics.run_draws import CALIBRATION, DROP
from bench.results.statistics.seeds import deviations, means

DECIMALS = 12
"""Means that differ beyond these decimals only are equal: the order in which scores are summed decides no rank."""
RANKS = ("rank", "rank_low", "rank_high")
UNDEFINED = (np.nan, np.nan, np.nan)


def summary(runs: pd.DataFrame, rows: pd.Series, evidence: Evidence) -> pd.DataFrame:
    """What the runs of each row amount to: mean, deviation and interval, without duplicates, and on validation.

    The column `sample` holds draws of the mean, `metrics` all metrics with their intervals.
    """
    others = means(runs[[*CLEAN, "validation"]], rows).add_prefix("mean_")
    counts = means(runs[list(CASE_COUNTS)], rows).join(_seen(runs, rows))
    contestants = evidence.contestants(runs, rows)
    top = first(runs, rows)
    found = [evidence.intervals(contestants[row]) if row in contestants else NOTHING for row in top.index]
    parts = [top[["metric"]], deviations(runs["score"], rows), _interval_columns(found, top["metric"]), others, counts]
    return pd.concat([*parts, domain_summary(runs, rows), _more_columns(found, top.index)], axis=1)


def _seen(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """The mean without test cases that weights saw, and how many these are; no columns where nothing is known."""
    known = means(runs[list(SEEN)], rows).rename(columns={SEEN[0]: f"mean_{SEEN[0]}"})
    return known if runs[SEEN[1]].notna().any() else known[[]]


def _interval_columns(found: Sequence[Intervals], metrics: pd.Series) -> pd.DataFrame:
    ends = [one.metrics.get(metric, UNDEFINED)[1:] for one, metric in zip(found, metrics, strict=True)]
    table = pd.DataFrame(ends, columns=["ci95_low", "ci95_high"], index=metrics.index, dtype=float)
    return table.assign(
        interval_over=[one.over if np.isfinite(e[0]) else "" for one, e in zip(found, ends, strict=True)]
    )


def _more_columns(found: Sequence[Intervals], index: pd.Index) -> pd.DataFrame:
    """Interval of the drop between sites, calibration with intervals, and what later tables are made of."""
    columns: dict[str, list[float]] = {}
    for name in (DROP, *CALIBRATION):
        values = [one.metrics.get(name, UNDEFINED) for one in found]
        parts = zip(("", "_ci95_low", "_ci95_high"), zip(*values, strict=True), strict=True)
        columns |= {f"{name}{end}": list(part) for end, part in parts}
    table = pd.DataFrame(columns, index=index, dtype=float).drop(columns=DROP)
    kept = {"sample": [one.sample for one in found], "metrics": [one.metrics for one in found]}
    return table.join(pd.DataFrame({name: pd.Series(values, index) for name, values in kept.items()}))


def first(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """The first run of each row, in the order of the rows."""
    chosen = ~rows.duplicated()
    return runs[chosen].set_index(rows[chosen].to_numpy()).sort_index()


def task_board(records: Sequence[Record]) -> pd.DataFrame:
    """The board of these records, without intervals, which need their cases; see `board_of`. Raises `ValueError`."""
    return board_of(to_frame(records))


def board_of(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per group and contestant, ranked inside the group by mean (1 is best; equal means share a rank).

    `frame` is that of `read_frame` or `to_frame`. Ranks count the methods with their own settings; a variant has the
    rank it would have among them. In a group of variants alone they count. docs/records.md describes the columns.

    Raises:
        ValueError: two records of one contestant share a seed.
        StorageError: a file of cases is missing or was changed.
    """
    return plain(detailed_board(frame))


def plain(board: pd.DataFrame) -> pd.DataFrame:
    """The board without the columns that only other tables are made of; ranks are integers, and NA where undefined."""
    ranks = {name: "Int64" for name in RANKS if name in board}
    return board.drop(columns=["sample", "metrics", "stand_in"], errors="ignore").astype(ranks)


def detailed_board(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with the columns `sample` and `metrics` of `summary`, and `stand_in`."""
    if frame.empty:
        return frame
    keys = GROUP + CONTESTANT
    rows = frame.groupby(keys, sort=True).ngroup()
    _require_unique(frame, rows)
    evidence = Evidence(frame)
    facts = first(frame.assign(test_set=_test_sets(frame)), rows)
    facts = facts[[*keys, "data_set", "split_used", "test_set", "stand_in"]].join(_tuned(frame, rows))
    costs = means(frame[[*EMBEDDING, *EFFICIENCY]], rows)
    board = pd.concat([facts, summary(frame, rows, evidence), costs], axis=1)
    groups = board.groupby(GROUP).ngroup()
    counts = counting(board, groups)
    board["rank"] = _ranks(board["mean"], counts, groups)
    board = compare_with_best(board, groups, counts, evidence.contestants(frame, rows), evidence)
    evidence.cache.save()
    return board.sort_values([*GROUP, "rank", *CONTESTANT], kind="stable").reset_index(drop=True)


def _test_sets(frame: pd.DataFrame) -> pd.Series:
    """A name for each run's test images: the first data set, by name, among those with a split in common."""
    of_split = frame.groupby("split")["data_set"].transform("min")
    return of_split.groupby(frame["data_set"]).transform("min")


def _tuned(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """How the settings of each row were tuned and over what, and whether on the data set that is scored."""
    runs = frame.groupby(rows)
    low, high = runs[list(TUNED[:2])].min(), runs[list(TUNED[:2])].max()
    return low.where(low == high, "some seeds only").assign(**{TUNED[2]: runs[TUNED[2]].any()})


def is_variant(board: pd.DataFrame) -> pd.Series:
    """Whether each row has method settings that were changed by hand, or tuned on the data set that is scored."""
    changed = board["settings"].str.contains(r"(?:^| )method\.", regex=True)
    if "tuned" not in board:
        return changed
    return changed & ~((board["tuned"].fillna("") != "") & ~board["tuned_on_scored"].astype(bool))


def counting(board: pd.DataFrame, groups: pd.Series) -> pd.Series:
    """Which rows of each group ranks count: the methods with their own settings, or all where there are none."""
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
