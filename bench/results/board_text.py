"""Boards for people: Markdown, in percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bench.core.escape import markdown_cell, one_line
from bench.results.frame import TUNED
from bench.results.leaderboard import is_variant
from bench.results.tables import percent
from bench.results.written.columns import (
    NAN,
    NOTHING,
    interval_cell,
    markdown_table,
    p_value,
    plain_rows,
    rank_cell,
    score_cell,
    signed,
    site_cells,
    to_best_cell,
    without_copies,
)
from bench.results.written.keys import apart, keys_of

FLOORS = ("random", "pixels")
"""What a frozen encoder must be better than."""
COMPARED = (
    "Percent, paired by seed and test case. Holm: p corrected for the rows of this table. Shown from: the smallest "
    "difference that these seeds and cases find with 80 % power at p < 0.05, uncorrected."
)

COMPARED_KEYS = {
    **{name: name for name in ("data", "profile", "task", "protocol", "backbone", "metric", "corpus")},
    "settings of the first": "settings_a",
    "settings of the second": "settings_b",
}
COMPARED_HASHES = {
    "corpus hash": "corpus_hash",
    "evaluation hash": "evaluation_hash",
    "first pretraining hash": "pretraining_hash_a",
    "second pretraining hash": "pretraining_hash_b",
}


def to_markdown(board: pd.DataFrame) -> str:
    """The task board as a Markdown table (percent), as shown in the README; variants are counted, not listed.

    Its columns are what tells its rows apart; what all rows share is said in a line above.
    """
    board = plain_rows(board)
    variants = is_variant(board)
    shown = board[~variants]
    parts = []
    if len(shown):
        keys = keys_of(shown, markdown_cell)
        columns = keys.columns | _measures(shown)
        note = keys.note
        if len(over := set(columns.get("over", ()))) == 1:
            del columns["over"]
            note = f"{note} Intervals over {over.pop()}.".strip()
        parts = [*([markdown_cell(note), ""] if note else []), markdown_table(columns)]
    parts += ["", *notes] if (notes := _notes(shown)) else []
    if variants.any():
        parts += ["", f"{variants.sum()} rows of methods with changed settings (ablations) are in the CSV file alone."]
    return "\n".join(parts).strip("\n") + "\n"


def _measures(board: pd.DataFrame) -> dict[str, list[str]]:
    """Heading -> a cell for each row, of what any row has."""
    rows = board.to_dict("records")
    columns = {
        "mean ± std": [score_cell(r) for r in rows],
        "95 % interval": [interval_cell(r) for r in rows],
        "over": [r["interval_over"] for r in rows],
        "no copies": [without_copies(r, "without_duplicates", "clean_cases") for r in rows],
        "nor near copies": [without_copies(r, "without_near_duplicates", "near_clean_cases") for r in rows],
        "seeds": [str(r["seeds"]) for r in rows],
        "rank": [rank_cell(r) for r in rows],
        "to the best": [to_best_cell(r) for r in rows],
        "p": [p_value(r["p_holm"]) for r in rows],
        "tested": [r["tested"] for r in rows],
        "reported": [percent(r.get("reported_mean", NAN), r.get("reported_std", NAN)) for r in rows],
    }
    escaped = {heading: list(map(markdown_cell, cells)) for heading, cells in (columns | site_cells(board)).items()}
    needed = ("mean ± std", "rank")
    return {heading: cells for heading, cells in escaped.items() if heading in needed or set(cells) - {"", NOTHING}}


def across_markdown(board: pd.DataFrame) -> str:
    """The board as Markdown, in percent, with what each encoder costs beside its score."""
    board = plain_rows(board)
    keys = keys_of(board, markdown_cell)
    rows = board.to_dict("records")
    columns = {
        "parameters (M)": [_number(r.get("parameters"), 1e6) for r in rows],
        "GFLOPs": [_number(r.get("gflops_per_image")) for r in rows],
        "images/s": [_number(r.get("images_per_second")) for r in rows],
        "mean ± std": [score_cell(r) for r in rows],
        "95 % interval": [interval_cell(r) for r in rows],
        "seeds": [str(r["seeds"]) for r in rows],
        "rank": [rank_cell(r) for r in rows],
        "tested": [markdown_cell(r["tested"]) for r in rows],
    }
    note = [markdown_cell(keys.note), ""] if keys.note else []
    return "\n".join([*note, markdown_table(keys.columns | columns)]) + "\n"


def _number(value: float | None, unit: float = 1) -> str:
    return "" if value is None or pd.isna(value) else f"{value / unit:.3g}"


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


def compared_lines(table: pd.DataFrame) -> list[str]:
    """The rows of `compare` as aligned text, and what they mean; what all rows share is said in a line."""
    rows = table.to_dict("records")
    texts = {heading: [str(r[column]) for r in rows] for heading, column in COMPARED_KEYS.items()}
    hashes = {heading: [str(r[column]) for r in rows] for heading, column in COMPARED_HASHES.items()}
    keys = apart(texts, hashes, one_line, always=("task", "protocol", "metric"))
    columns = {
        "seeds": [str(r["seeds"]) for r in rows],
        "difference (95 %)": [signed(r["difference"], r["low"], r["high"]) for r in rows],
        "over": [r["interval_over"] for r in rows],
        "p": [p_value(r["p"]) for r in rows],
        "Holm": [p_value(r["p_holm"]) for r in rows],
        "tested": [r["tested"] for r in rows],
        "shown from": ["" if pd.isna(s := r["smallest_shown"]) else f"{100 * s:.1f}" for r in rows],
    }
    lines = aligned(keys.columns | columns)
    return [*lines, "", *filter(None, [keys.note]), COMPARED]


def aligned(columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Columns as lines of text, under their headings."""
    cells = [[heading, *texts] for heading, texts in columns.items()]
    widths = [max(map(len, column)) for column in cells]
    lines = zip(*cells, strict=True)
    return ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
