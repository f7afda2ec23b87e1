"""Tables as files: CSV for machines. The same records give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pandas as pd

from bench.core.errors import StorageError
from bench.core.escape import csv_safe
from bench.core.files import write_text
from bench.core.settings import PROFILES
from bench.results.comparison.across_backbones import across_backbones
from bench.results.comparison.mean_ranks import overall_board
from bench.results.domains import is_domain_column
from bench.results.frame import CONTESTANT, EFFICIENCY, GROUP, TUNED
from bench.results.leaderboard import detailed_board, plain
from bench.results.published import join_published
from bench.results.statistics.run_draws import CALIBRATION

OVERALL, METRICS, ENCODERS = "-overall", "-metrics", "-encoders"
"""Ends of the names of files with mean ranks, with all metrics, and with encoders of all backbones."""
FILE_NAME_PARTS = (("real", "phantom"), PROFILES, ("", OVERALL, METRICS, ENCODERS))


def to_csv(frame: pd.DataFrame) -> str:
    """CSV text with six decimals and Unix line ends: the same frame gives the same bytes. No cell is a formula."""
    return csv_safe(frame).to_csv(index=False, float_format="%.6f", lineterminator="\n")


def write_leaderboards(results: Path, frame: pd.DataFrame, texts: Mapping[str, str] | None = None) -> list[Path]:
    """Regenerate every leaderboard in results/leaderboard from the frame of all records; returns the files written.

    `texts` is what `leaderboard_texts` gave, where it is known.

    Raises:
        StorageError: a file cannot be written, or two records claim one contestant and seed.
    """
    folder = results / "leaderboard"
    texts = leaderboard_texts(frame, results / "published") if texts is None else texts
    for name, text in texts.items():
        write_text(folder / name, text)
    for stale in (f"{data}-{profile}{kind}.csv" for data, profile, kind in product(*FILE_NAME_PARTS)):
        if texts and stale not in texts:
            (folder / stale).unlink(missing_ok=True)
    return sorted(folder / name for name in texts)


def leaderboard_texts(frame: pd.DataFrame, published: Path) -> dict[str, str]:
    """File name -> CSV text of all tables of `leaderboard_tables`, from a frame. Raises as they do."""
    return csv_texts(leaderboard_tables(frame, published))


def csv_texts(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Name of a file without its end -> table, as name of the file -> CSV text."""
    return {f"{name}.csv": to_csv(table) for name, table in tables.items()}


def leaderboard_tables(frame: pd.DataFrame, published: Path) -> dict[str, pd.DataFrame]:
    """Name of a file -> table: task boards, overall boards, all metrics and encoders of all backbones, from a frame.

    Data sets that stand in for others are not among the overall ranks.

    Raises:
        StorageError: two records claim one contestant and seed, or a file of cases is missing or was changed.
    """
    if frame.empty:
        return {}
    try:
        board, across = detailed_board(frame), plain(across_backbones(frame))
    except ValueError as error:
        raise StorageError(str(error)) from error
    overall = overall_board(board[~board["stand_in"]])
    tables = (
        ("", join_published(plain(board), published)),
        (OVERALL, overall),
        (METRICS, metric_rows(board)),
        (ENCODERS, across),
    )
    return {
        f"{data}-{profile}{kind}": _without_empty_columns(rows)
        for kind, table in tables
        for (data, profile), rows in (table.groupby(["data", "profile"], sort=True) if len(table) else ())
    }


def metric_rows(board: pd.DataFrame) -> pd.DataFrame:
    """One row per contestant and metric, with its interval, from `detailed_board`."""
    rows = board[[*GROUP, *CONTESTANT, "seeds", "interval_over"]].assign(metric=board["metrics"].map(list))
    rows = rows.explode("metric").dropna(subset="metric")
    known = board["metrics"].to_dict()
    found = [known[row][name] for row, name in rows["metric"].items()]
    values = pd.DataFrame(found, index=rows.index, columns=["mean", "ci95_low", "ci95_high"], dtype=float)
    rows = rows.reset_index(drop=True).join(values.reset_index(drop=True))
    return rows[[*GROUP, *CONTESTANT, "metric", "seeds", "mean", "ci95_low", "ci95_high", "interval_over"]]


def _without_empty_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop what no row of this table has: ranks of tasks, domains, efficiency, calibration, tuning."""
    optional = [c for c in map(str, rows) if c.startswith(("rank ", "set_rank ", *CALIBRATION)) or is_domain_column(c)]
    rows = rows.drop(columns=[c for c in (*optional, *EFFICIENCY) if c in rows and rows[c].isna().all()])
    untuned = "tuned" in rows and not (rows["tuned"] != "").any()
    return rows.drop(columns=list(TUNED)) if untuned else rows


def percent(mean: float, std: float) -> str:
    """`76.8 ± 2.2` in percent; `n/a` for an undefined mean."""
    if pd.isna(mean):
        return "n/a"
    return f"{100 * mean:.1f}" + ("" if pd.isna(std) else f" ± {100 * std:.1f}")
