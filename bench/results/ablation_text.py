"""Ablation tables for people: one row per setting, for each protocol the score and the difference to `full`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.core.escape import markdown_cell
from bench.results.ablations import FULL, NULL, ROW, TABLE
from bench.results.board_text import aligned
from bench.results.tables import percent
from bench.results.written.columns import markdown_table, p_value, signed
from bench.results.written.keys import PRETRAINING, apart

Row = dict[Any, Any]
NOTE = (
    "Percent, mean ± standard deviation over seeds with 95 % interval over seeds and test cases; mean on the "
    "validation split. Difference: to `full`, paired by seed and test case, with its 95 % interval and Holm's p, "
    "corrected for the settings of the column; on validation paired by seed, Student's t over seeds, not corrected."
)


def tables_text(board: pd.DataFrame, *, markdown: bool) -> str:
    """All tables of a board, each under a line that names it, and the note that explains the figures."""
    parts = []
    for key, rows in board.groupby(TABLE, sort=True):
        cells = _cells(rows)
        title = _title(dict(zip(TABLE, key, strict=True)), rows, markdown)
        parts += [markdown_cell(title) if markdown else title, _written(cells, markdown)]
        parts += _floor_lines(rows)
    return "\n\n".join([*parts, NOTE])


def _floor_lines(rows: pd.DataFrame) -> list[str]:
    """What rows of the same algorithm as `full` differ by, as text under a table that has such rows."""
    null = rows[rows["setting"].str.startswith(NULL) & rows["noise_floor"].notna()]
    if null.empty:
        return []
    names = ", ".join(dict.fromkeys(null["setting"]))
    floors = []
    for protocol, of_protocol in null.groupby("protocol", sort=False):
        test, validation = (100 * of_protocol[f"{split}noise_floor"].max() for split in ("", "validation_"))
        floors.append(f"{protocol} {test:.1f}" + ("" if pd.isna(validation) else f", on validation {validation:.1f}"))
    return [
        f"Noise floor: {names} is the same algorithm as `{FULL}`, and its differences on single seeds have a root mean "
        f"square of (points) {'; '.join(floors)}. A mean over n seeds has 1/sqrt(n) of it; what is not clearly above "
        "shows nothing."
    ]


def _title(names: dict[str, Any], rows: pd.DataFrame, markdown: bool) -> str:
    title = f"{names['data_set']}, {names['data']}/{names['profile']}, {names['backbone']}"
    facts = [f"{word} {names[key]}" for word, key in (("corpus", "corpus"), ("settings", "base")) if names[key]]
    chosen = rows[["protocol", "evaluation_settings"]].drop_duplicates().itertuples(index=False, name=None)
    facts += [f"{protocol}: {settings}" for protocol, settings in chosen if settings]
    mark = "**" if markdown else ""
    return f"{mark}{title}{mark}" + "".join(f" · {fact}" for fact in [*facts, f"source hash {names['source_hash']}"])


def _cells(board: pd.DataFrame) -> dict[str, list[str]]:
    """Header -> one text per setting, in the order of the board."""
    rows: list[Row] = board.to_dict("records")
    first: dict[tuple[str, ...], Row] = {}
    columns: dict[tuple[str, str, str], dict[tuple[str, ...], Row]] = {}
    for row in rows:
        first.setdefault(_setting(row), row)
        columns.setdefault(_column(row), {})[_setting(row)] = row
    names = {"setting": [s[0] for s in first], "changes": [s[1] for s in first]}
    hashes = {PRETRAINING: [s[2] for s in first]}
    cells = apart(names, hashes, str, always=tuple(names)).columns
    for (protocol, evaluation, chosen), found in columns.items():
        names_of_column = (
            protocol,
            f"{protocol} {chosen}".rstrip(),
            f"{protocol} {chosen} evaluation hash {evaluation}",
        )
        name = next(name for name in names_of_column if name not in cells)
        cells[name] = [_score(found.get(s)) for s in first]
        cells[f"{name}: difference"] = [_difference(found.get(s)) for s in first]
        cells[f"{name}: p"] = [p_value(found[s]["p_holm"]) if s in found else "" for s in first]
        cells[f"{name}, validation"] = [_mean(found.get(s), "mean_validation") for s in first]
        cells[f"{name}, validation: difference"] = [_difference(found.get(s), "validation_") for s in first]
        for about in dict.fromkeys(r["reported_of"] for r in found.values() if r["reported_of"]):
            cells[f"reported ({protocol}, {about})"] = [_reported(found.get(s), about) for s in first]
    for key in (k for k in rows[0] if str(k).startswith("pretext_")):
        if any(pd.notna(row[key]) for row in first.values()):
            name = str(key).removeprefix("pretext_").replace("_", " ")
            cells[name] = [percent(row[key], float("nan")) for row in first.values()]
    cells["seeds"] = [str(row["seeds"]) for row in first.values()]
    return cells


def _setting(row: Row) -> tuple[str, ...]:
    return tuple(row[key] for key in ROW[1:])


def _column(row: Row) -> tuple[str, str, str]:
    return row["protocol"], row["evaluation_hash"], row["evaluation_settings"]


def _reported(row: Row | None, about: str) -> str:
    return percent(row["reported_mean"], float("nan")) if row and row["reported_of"] == about else ""


def _score(row: Row | None) -> str:
    if row is None:
        return "n/a"
    low, high = row["ci95_low"], row["ci95_high"]
    return percent(row["mean"], row["std"]) + (f" ({100 * low:.1f} to {100 * high:.1f})" if pd.notna(low) else "")


def _mean(row: Row | None, column: str) -> str:
    return "n/a" if row is None else percent(row[column], float("nan"))


def _difference(row: Row | None, prefix: str = "") -> str:
    names = [f"{prefix}difference{end}" for end in ("", "_low", "_high")]
    return signed(*(row[name] for name in names)) if row else ""


def _written(cells: Mapping[str, Sequence[str]], markdown: bool) -> str:
    if not markdown:
        return "\n".join(aligned(cells))
    return markdown_table({heading: [*map(markdown_cell, texts)] for heading, texts in cells.items()})
