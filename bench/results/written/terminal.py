"""Boards on a terminal, 80 columns wide: the same table as plain text where there is none."""

from __future__ import annotations

import io

import pandas as pd
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from bench.core.escape import one_line
from bench.results.leaderboard import is_variant
from bench.results.tables import percent
from bench.results.written.columns import NAN, interval_cell, plain_rows, rank_cell, score_cell, site_cells
from bench.results.written.keys import keys_of

WIDTH = 80
VARIANTS = "Rank `as N`: the settings were changed; the rank among methods with their own."


def board_view(board: pd.DataFrame) -> Group:
    """The table of `board_table`, and below it what its rows share."""
    rows = plain_rows(board)
    notes = ["Percent; mean ± deviation over seeds, and its interval.", keys_of(rows, one_line).note]
    notes += [VARIANTS] if is_variant(rows).any() else []
    return Group(board_table(board), Text(" ".join(filter(None, notes))))


def board_table(board: pd.DataFrame) -> Table:
    """The rows of a task board with what tells them apart, in percent."""
    rows = plain_rows(board)
    records = rows.to_dict("records")
    keys, variants = keys_of(rows, one_line), is_variant(rows)
    columns = keys.columns | {
        "mean": [score_cell(row) for row in records],
        "95 %": [interval_cell(row) for row in records],
        **_copies(rows),
        **site_cells(rows),
        "seeds": [str(row["seeds"]) for row in records],
        "rank": [
            f"as {rank_cell(r)}" if changed else rank_cell(r) for r, changed in zip(records, variants, strict=True)
        ],
    }
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in columns:
        table.add_column(Text(one_line(heading)), overflow="fold", justify="right" if heading == "seeds" else "left")
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    return table


def board_lines(board: pd.DataFrame, width: int = WIDTH) -> list[str]:
    """The same table as lines of text, at most `width` characters wide."""
    if board.empty:
        return []
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as text:
        console.print(board_view(board))
    return [line.rstrip() for line in text.get().splitlines()]


def _copies(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Means without copies, and without near copies, where a test case has some."""
    counts = {"no copies": "clean_cases", "nor near": "near_clean_cases"}
    means = {"no copies": "mean_without_duplicates", "nor near": "mean_without_near_duplicates"}
    needed = [heading for heading, count in counts.items() if (rows[count] != rows["test_cases"]).any()]
    return {heading: [percent(mean, NAN) for mean in rows[means[heading]]] for heading in needed}
