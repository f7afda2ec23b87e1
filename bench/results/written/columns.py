"""What boards say of a row, as texts in percent: the columns of Markdown, LaTeX and terminal, each made once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.core.escape import markdown_cell
from bench.results.domains import DISTRIBUTION, SITE, site_columns
from bench.results.tables import percent

NAN = float("nan")
NOTHING = "n/a"
Row = Mapping[Any, Any]


def score_cell(row: Row) -> str:
    """Mean and standard deviation over seeds, and what the weights were pretrained on of the test cases."""
    return percent(row["mean"], row["std"]) + seen_mark(row)


def seen_mark(row: Row) -> str:
    """After a score: of how many test cases the weights were pretrained on, and the score without them."""
    n = row.get("seen_cases", NAN)
    if pd.isna(n) or not n:
        return ""
    without = "none left" if n == row["test_cases"] else f"without {percent(row['mean_without_seen'], NAN)}"
    return f" (pretrained on {n:.0f} of {row['test_cases']:.0f}; {without})"


def interval_cell(row: Row) -> str:
    """The 95 % interval of the mean."""
    low, high = row["ci95_low"], row["ci95_high"]
    return NOTHING if pd.isna(low) else f"{100 * low:.1f} to {100 * high:.1f}"


def rank_cell(row: Row) -> str:
    """The rank, with its interval where it has one."""
    if pd.isna(row["rank"]):
        return NOTHING
    places = "" if pd.isna(row["rank_low"]) else f" ({row['rank_low']:.0f} to {row['rank_high']:.0f})"
    return f"{row['rank']:.0f}{places}"


def without_copies(row: Row, name: str, count: str) -> str:
    """The mean without copies, and of how many of the test cases it is, where some are left out."""
    n, every = row[count], row["test_cases"]
    return percent(row[f"mean_{name}"], NAN) + (f" ({n:.0f} of {every:.0f})" if n != every else "")


def to_best_cell(row: Row) -> str:
    """The difference to the best of the group, with its interval."""
    if row["tested"] == "the best":
        return ""
    return signed(row["difference_to_best"], row["difference_low"], row["difference_high"])


def signed(value: float, low: float, high: float) -> str:
    """`-2.6 (-7.1 to +2.0)` in percent; empty for an undefined value, and without the interval where there is none."""
    if pd.isna(value):
        return ""
    return f"{100 * value:+.1f}" + ("" if pd.isna(low) else f" ({100 * low:+.1f} to {100 * high:+.1f})")


def p_value(p: float) -> str:
    """Three decimals, or `< 0.001`; empty where nothing was tested."""
    return "" if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def site_cells(board: pd.DataFrame) -> dict[str, list[str]]:
    """Means in and out of distribution, their difference and the mean of each site, where a row has them."""
    if "in_distribution" not in board or not board["in_distribution"].notna().any():
        return {}
    names = (*DISTRIBUTION, *site_columns(board))
    return {n.removeprefix(SITE).replace("_", " "): [percent(v, NAN) for v in board[n]] for n in names}


def plain_rows(board: pd.DataFrame) -> pd.DataFrame:
    """The board with empty texts where a text is missing."""
    texts = [n for n in ("settings", "corpus", "interval_over", "tested", "tuned", "tuned_over") if n in board]
    return board.assign(**{name: board[name].astype(object).fillna("") for name in texts})


def markdown_table(columns: Mapping[str, Sequence[str]]) -> str:
    """A Markdown table of cells that are escaped; the headings are escaped here."""
    lines: Iterable[Sequence[str]] = zip(*columns.values(), strict=True)
    head = [tuple(map(markdown_cell, columns)), ("---",) * len(columns)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (*head, *lines))
