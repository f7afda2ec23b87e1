"""Boards for people: Markdown, in percent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.core.escape import markdown_cell
from bench.results.domains import DISTRIBUTION, SITE, site_columns
from bench.results.frame import TUNED
from bench.results.leaderboard import is_variant
from bench.results.tables import percent

NAN = float("nan")
FLOORS = ("random", "pixels")
"""What a frozen encoder must be better than."""
COMPARED = (
    "Percent, paired by seed and test case. Holm: p corrected for the rows of this table. Shown from: the smallest "
    "difference that these seeds and cases find with 80 % power at p < 0.05, uncorrected."
)


def signed(value: float, low: float, high: float) -> str:
    """`-2.6 (-7.1 to +2.0)` in percent; empty for an undefined value, and without the interval where there is none."""
    if pd.isna(value):
        return ""
    return f"{100 * value:+.1f}" + ("" if pd.isna(low) else f" ({100 * low:+.1f} to {100 * high:+.1f})")


def p_value(p: float) -> str:
    """Three decimals, or `< 0.001`; empty where nothing was tested."""
    return "" if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def to_markdown(board: pd.DataFrame) -> str:
    """The task board as a Markdown table (percent), as shown in the README; variants are counted, not listed."""
    has_domains = "in_distribution" in board and bool(board["in_distribution"].notna().any())
    domains = (*DISTRIBUTION, *site_columns(board)) if has_domains else ()
    columns: tuple[str, ...] = (
        "task",
        "protocol",
        "split",
        "method",
        "settings",
        "mean ± std",
        "95 % interval",
        "over",
    )
    columns = (*columns, "no copies", "nor near copies", "seeds", "rank", "to the best", "p", "tested", "reported")
    columns = (*columns, *(name.removeprefix(SITE).replace("_", " ") for name in domains))
    rows = [tuple(map(markdown_cell, columns)), ("---",) * len(columns)]
    texts = [name for name in ("settings", "interval_over", "tested", *TUNED[:2]) if name in board]
    board = board.assign(**{name: board[name].astype(object).fillna("") for name in texts})
    variants = is_variant(board)
    for r in board[~variants].to_dict("records"):
        shown = {name: markdown_cell(value) if isinstance(value, str) else value for name, value in r.items()}
        rows.append((*_cells(shown), *(percent(r[name], NAN) for name in domains)))
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines += ["", *notes] if (notes := _notes(board[~variants])) else []
    if variants.any():
        lines += ["", f"{variants.sum()} rows of methods with changed settings (ablations) are in the CSV file alone."]
    return "\n".join(lines) + "\n"


def across_markdown(board: pd.DataFrame) -> str:
    """The board as Markdown, in percent, with what each encoder costs beside its score."""
    columns = (
        "task", "protocol", "encoder", "backbone", "parameters (M)", "GFLOPs", "images/s", "mean ± std",
        "95 % interval", "seeds", "rank", "tested",
    )  # fmt: skip
    rows: list[Sequence[str]] = [columns, ("---",) * len(columns)]
    for r in board.to_dict("records"):
        between = "n/a" if pd.isna(r["ci95_low"]) else f"{100 * r['ci95_low']:.1f} to {100 * r['ci95_high']:.1f}"
        places = "" if pd.isna(r["rank_low"]) else f" ({r['rank_low']:.0f} to {r['rank_high']:.0f})"
        cells = (
            *(r["task"], r["protocol"], r["method"], r["backbone"]),
            *(
                _number(r.get("parameters"), 1e6),
                _number(r.get("gflops_per_image")),
                _number(r.get("images_per_second")),
            ),
            *(percent(r["mean"], r["std"]) + seen_mark(r), between, str(r["seeds"]), f"{r['rank']:.0f}{places}"),
            "" if pd.isna(r["tested"]) else r["tested"],
        )
        rows.append(tuple(map(markdown_cell, cells)))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _number(value: float | None, unit: float = 1) -> str:
    return "" if value is None or pd.isna(value) else f"{value / unit:.3g}"


def _cells(r: dict[Any, Any]) -> tuple[str, ...]:
    low, high = r["ci95_low"], r["ci95_high"]
    between = "n/a" if pd.isna(low) else f"{100 * low:.1f} to {100 * high:.1f}"
    places = "" if pd.isna(r["rank_low"]) else f" ({r['rank_low']:.0f} to {r['rank_high']:.0f})"
    to_best = signed(r["difference_to_best"], r["difference_low"], r["difference_high"])
    return (
        *(r["task"], r["protocol"], r["split_used"], _name(r), settings_cell(r)),
        *(percent(r["mean"], r["std"]) + seen_mark(r), between),
        *(r["interval_over"], _clean(r, "without_duplicates", "clean_cases")),
        *(_clean(r, "without_near_duplicates", "near_clean_cases"), str(r["seeds"]), f"{r['rank']:.0f}{places}"),
        *("" if r["tested"] == "the best" else to_best, p_value(r["p_holm"]), r["tested"]),
        percent(r.get("reported_mean", NAN), r.get("reported_std", NAN)),
    )


def _name(r: dict[Any, Any]) -> str:
    """The method, with a mark where its encoders collapsed."""
    share = r["collapsed"]
    if pd.isna(share) or not share:
        return str(r["method"])
    return f"{r['method']} (collapsed: {round(share * r['seeds'])} of {r['seeds']} seeds)"


def seen_mark(r: dict[Any, Any]) -> str:
    """After a score: of how many test cases the weights were pretrained on, and the score without them."""
    n = r.get("seen_cases", NAN)
    if pd.isna(n) or not n:
        return ""
    without = "none left" if n == r["test_cases"] else f"without {percent(r['mean_without_seen'], NAN)}"
    return f" (pretrained on {n:.0f} of {r['test_cases']:.0f}; {without})"


def _clean(r: dict[Any, Any], name: str, count: str) -> str:
    """The mean without copies, and of how many of the test cases it is, where some are left out."""
    n, every = r[count], r["test_cases"]
    return percent(r[f"mean_{name}"], NAN) + (f" ({n:.0f} of {every:.0f})" if n != every else "")


def _notes(board: pd.DataFrame) -> list[str]:
    """Which floors no table of a frozen protocol has, and what was tuned over what."""
    frozen = board[board["effective_rank"].notna() & ~board["protocol"].str.contains("finetune")]
    notes = []
    for (task, protocol), own in frozen.groupby(["task", "protocol"]):
        missing = [floor for floor in FLOORS if floor not in set(own["method"])]
        if missing:
            notes.append(f"{task}, {protocol}: no row of the floor {' and '.join(missing)}; run it beside.")
    return [*notes, *_tuned_notes(board)]


def _tuned_notes(board: pd.DataFrame) -> list[str]:
    if "tuned" not in board:
        return []
    tuned = board.loc[board["tuned"] != "", ["method", *TUNED[:2]]].drop_duplicates()
    return [markdown_cell(f"{r.method} was tuned: {r.tuned}, over {r.tuned_over}.") for r in tuned.itertuples()]


def settings_cell(r: dict[Any, Any]) -> str:
    """A row's settings, and how they were tuned, where they were."""
    tuned = r.get("tuned") or ""
    if not tuned:
        return str(r["settings"])
    return f"{r['settings']} (tuned: {tuned}{', the data scored here' if r['tuned_on_scored'] else ''})".strip()


def compared_lines(table: pd.DataFrame) -> list[str]:
    """The rows of `compare` as aligned text, and what they mean."""
    head = (
        "task",
        "protocol",
        "settings",
        "metric",
        "seeds",
        "difference (95 %)",
        "over",
        "p",
        "Holm",
        "tested",
        "shown from",
    )
    cells = [head]
    for r in table.to_dict("records"):
        settings = r["settings_a"] or r["settings_b"] or ""
        shown = "" if pd.isna(r["smallest_shown"]) else f"{100 * r['smallest_shown']:.1f}"
        names = (r["task"], r["protocol"], settings, r["metric"], str(r["seeds"]))
        between = signed(r["difference"], r["low"], r["high"])
        tests = (p_value(r["p"]), p_value(r["p_holm"]), r["tested"], shown)
        cells.append((*names, between, r["interval_over"], *tests))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [*lines, "", COMPARED]
