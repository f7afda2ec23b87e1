"""Boards on a terminal, 80 columns wide: the same table as plain text where there is none."""

from __future__ import annotations

import io
from string import ascii_lowercase

import pandas as pd
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from bench.core.escape import one_line
from bench.results.leaderboard import is_variant
from bench.results.tables import percent
from bench.results.written.columns import NAN, NOTHING, interval_cell, plain_rows, score_cell, site_cells
from bench.results.written.keys import Keys, keys_of

WIDTH = 80
SITES = "In, out: mean in and out of distribution, and the difference."
VARIANTS = "Rank `as N`: the settings were changed; the rank among methods with their own."


def board_view(board: pd.DataFrame) -> Group:
    """The table of `board_table`, and below it what its rows share."""
    rows = plain_rows(board)
    keys = keys_of(rows, one_line)
    notes = ["Percent; mean ± deviation over seeds, and its interval.", one_line(keys.note)]
    notes += [SITES] if _distribution(rows) else []
    notes += [VARIANTS] if is_variant(rows).any() else []
    settings = [f"({letter}) {text}" for text, letter in _letters(keys).items()]
    return Group(board_table(board), Text(" ".join(filter(None, notes))), *map(Text, settings))


def board_table(board: pd.DataFrame) -> Table:
    """The rows of a task board with what tells them apart, in percent; settings stand as letters."""
    rows = plain_rows(board)
    records = rows.to_dict("records")
    keys, variants = keys_of(rows, one_line), is_variant(rows)
    names, letters = dict(keys.columns), _letters(keys)
    if letters:
        names["settings"] = [f"({letters[text]})" if text else "" for text in names["settings"]]
    ranks = [NOTHING if pd.isna(row["rank"]) else f"{row['rank']:.0f}" for row in records]
    numbers = {
        "mean": [score_cell(row) for row in records],
        "95 %": [interval_cell(row) for row in records],
        **_copies(rows),
        **_distribution(rows),
        "seeds": [str(row["seeds"]) for row in records],
        "rank": [f"as {rank}" if changed else rank for rank, changed in zip(ranks, variants, strict=True)],
    }
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in names:
        table.add_column(Text("set" if heading == "settings" else one_line(heading)), overflow="fold")
    for heading in numbers:
        table.add_column(Text(heading), no_wrap=True)
    for cells in zip(*names.values(), *numbers.values(), strict=True):
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    return table


def _letters(keys: Keys) -> dict[str, str]:
    """Settings -> a letter, or a number after the last one, where settings tell rows apart."""
    texts = list(dict.fromkeys(filter(None, keys.columns.get("settings", ()))))
    return {text: ascii_lowercase[i] if i < len(ascii_lowercase) else str(i) for i, text in enumerate(texts)}


def board_lines(board: pd.DataFrame, width: int = WIDTH) -> list[str]:
    """The same table as lines of text, at most `width` characters wide."""
    if board.empty:
        return []
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as text:
        console.print(board_view(board))
    return [line.rstrip() for line in text.get().splitlines()]


def _distribution(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Means in and out of distribution, where a row has sites; the files have each site."""
    cells = site_cells(rows)
    names = {"in": "in distribution", "out": "out of distribution", "drop": "drop"}
    return {heading: cells[name] for heading, name in names.items()} if cells else {}


def _copies(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Means without copies, and without near copies, where a test case has some; once, where they are equal."""
    counts = {"no copies": "clean_cases", "nor near": "near_clean_cases"}
    means = {"no copies": "mean_without_duplicates", "nor near": "mean_without_near_duplicates"}
    needed = [heading for heading, count in counts.items() if (rows[count] != rows["test_cases"]).any()]
    cells = {heading: [percent(mean, NAN) for mean in rows[means[heading]]] for heading in needed}
    if cells.get("nor near") == cells.get("no copies"):
        cells.pop("nor near", None)
    return cells
