"""Tables as files and as text: CSV for machines, Markdown for people."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd

from bench.core.errors import StorageError
from bench.core.files import write_text
from bench.core.settings import PROFILES
from bench.results.domains import DISTRIBUTION, SITE, is_domain_column, site_columns
from bench.results.leaderboard import EFFICIENCY, board_of, is_variant, overall_board
from bench.results.published import join_published

FILE_NAME_PARTS = (("real", "phantom"), PROFILES, ("", "-overall"))


def to_csv(frame: pd.DataFrame) -> str:
    """CSV text with six decimals and Unix line ends: the same frame gives the same bytes."""
    return frame.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def write_leaderboards(results: Path, frame: pd.DataFrame) -> list[Path]:
    """Regenerate every leaderboard in results/leaderboard from the frame of all records; returns the files written.

    Raises:
        StorageError: a file cannot be written, or two records claim one contestant and seed.
    """
    folder = results / "leaderboard"
    texts = leaderboard_texts(frame, results / "published")
    for name, text in texts.items():
        write_text(folder / name, text)
    for stale in (f"{data}-{profile}{kind}.csv" for data, profile, kind in product(*FILE_NAME_PARTS)):
        if texts and stale not in texts:
            (folder / stale).unlink(missing_ok=True)
    return sorted(folder / name for name in texts)


def leaderboard_texts(frame: pd.DataFrame, published: Path) -> dict[str, str]:
    """File name -> CSV text of the task boards and overall boards, from the frame of `to_frame`.

    Data sets that stand in for others are not among the overall ranks.

    Raises:
        StorageError: two records claim one contestant and seed.
    """
    if frame.empty:
        return {}
    try:
        board = board_of(frame)
    except ValueError as error:
        raise StorageError(str(error)) from error
    overall = overall_board(board_of(frame[~frame["stand_in"]]) if frame["stand_in"].any() else board)
    return {
        f"{data}-{profile}{kind}.csv": to_csv(_without_empty_columns(rows))
        for kind, table in (("", join_published(board, published)), ("-overall", overall))
        for (data, profile), rows in (table.groupby(["data", "profile"], sort=True) if len(table) else ())
    }


def _without_empty_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop rank columns of tasks, and columns of domains and of efficiency, that no row of this table has."""
    optional = [c for c in rows if str(c).startswith("rank ") or c in EFFICIENCY or is_domain_column(str(c))]
    return rows.drop(columns=[c for c in optional if rows[c].isna().all()])


def percent(mean: float, std: float) -> str:
    """`76.8 ± 2.2` in percent; `n/a` for an undefined mean."""
    if pd.isna(mean):
        return "n/a"
    return f"{100 * mean:.1f}" + ("" if pd.isna(std) else f" ± {100 * std:.1f}")


def to_markdown(board: pd.DataFrame) -> str:
    """The task board as a Markdown table (percent), as shown in the README; variants are counted, not listed."""
    has_domains = "in_distribution" in board and bool(board["in_distribution"].notna().any())
    domains = (*DISTRIBUTION, *site_columns(board)) if has_domains else ()
    columns: tuple[str, ...] = ("task", "protocol", "method", "settings", "mean ± std", "95 % interval")
    columns = (*columns, "no duplicates", "seeds", "rank", "tied with best", "reported")
    columns = (*columns, *(name.removeprefix(SITE).replace("_", " ") for name in domains))
    rows = [columns, ("---",) * len(columns)]
    board = board.assign(settings=board["settings"].astype(object).fillna(""))
    variants = is_variant(board)
    for r in board[~variants].to_dict("records"):
        low, high = r["ci95_low"], r["ci95_high"]
        between = "n/a" if pd.isna(low) else f"{100 * low:.1f} to {100 * high:.1f}"
        reported = percent(r.get("reported_mean", float("nan")), r.get("reported_std", float("nan")))
        tied = {True: "yes", False: "no"}.get(r["tied_with_best"], "")
        clean = percent(r["mean_without_duplicates"], float("nan"))
        score = percent(r["mean"], r["std"])
        names = (r["task"], r["protocol"], r["method"], r["settings"])
        row = (*names, score, between, clean, str(r["seeds"]), f"{r['rank']:.0f}", tied, reported)
        rows.append((*row, *(percent(r[name], float("nan")) for name in domains)))
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if variants.any():
        lines += ["", f"{variants.sum()} rows of methods with changed settings (ablations) are in the CSV file alone."]
    return "\n".join(lines) + "\n"
