"""All files in results/leaderboard, from the records alone; nothing here loads a plugin or torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bench.core.errors import StorageError, UsageError, unknown
from bench.results.ablations import write_ablations
from bench.results.board_text import across_markdown, to_markdown
from bench.results.comparison.critical_difference import critical_differences
from bench.results.index import read_frame
from bench.results.published import read_published
from bench.results.store import Store, lines_of
from bench.results.tables import (
    ENCODERS,
    METRICS,
    OVERALL,
    csv_texts,
    leaderboard_tables,
    to_csv,
    write_leaderboards,
)
from bench.results.written.chosen import Chosen
from bench.results.written.latex import PREAMBLE, to_latex

FORMATS = ("csv", "markdown", "latex", "json")
EVERYTHING = Chosen()


@dataclass(frozen=True)
class Regenerated:
    """What `bench leaderboard` did."""

    records: int
    files: list[Path]
    tables: Mapping[str, pd.DataFrame]
    """Name of a leaderboard's file, without its end -> its table."""
    problems: list[str]
    """One line for each reason why files are no records, or no tables of published numbers."""

    @property
    def markdown(self) -> str:
        """The task boards among the files as Markdown tables, each under the name of its file."""
        return self.text("markdown")

    def text(self, form: str, chosen: Chosen = EVERYTHING) -> str:
        """The rows of the task boards that are chosen, as one of `FORMATS`: csv and json as in the files, in fractions.

        Markdown and LaTeX are in percent. Ranks and tests count every contestant, whichever are chosen. Markdown has
        the boards across backbones besides and, of everything, the critical differences.

        Raises:
            UsageError: an unknown format, or a name that no row has.
        """
        if form not in FORMATS:
            raise unknown("format", form, FORMATS, "Name one with --format.")
        boards = self._boards(chosen)
        if form in ("csv", "json"):
            board = pd.concat(boards.values(), ignore_index=True)
            return to_csv(board) if form == "csv" else f"{board.to_json(orient='records', indent=2)}\n"
        if form == "latex":
            return PREAMBLE + "\n".join(to_latex(table, name) for name, table in boards.items())
        encoders = {n: chosen.among(t) for n, t in sorted(self.tables.items()) if n.endswith(ENCODERS)}
        parts = [f"**{name}**\n\n{to_markdown(table)}" for name, table in boards.items()]
        parts += [f"**{name}**\n\n{across_markdown(table)}" for name, table in encoders.items() if len(table)]
        overall = [table for name, table in sorted(self.tables.items()) if name.endswith(OVERALL) and not chosen.wanted]
        return "\n".join([*parts, *(f"{line}\n" for table in overall for line in critical_differences(table))])

    def rows(self, chosen: Chosen = EVERYTHING) -> pd.DataFrame:
        """The chosen rows of all task boards. Raises `UsageError`."""
        return pd.concat(self._boards(chosen).values(), ignore_index=True)

    def _boards(self, chosen: Chosen) -> dict[str, pd.DataFrame]:
        """Name -> chosen rows of a task board, without boards that have none."""
        others = (OVERALL, METRICS, ENCODERS)
        tables = {name: table for name, table in sorted(self.tables.items()) if not name.endswith(others)}
        chosen.of(pd.concat(tables.values(), ignore_index=True))
        found = {name: chosen.among(table) for name, table in tables.items()}
        return {name: table for name, table in found.items() if len(table)}


def regenerate(results: Path, cache: Path | None = None) -> Regenerated:
    """Write all leaderboard files from the records.

    Raises:
        UsageError: there are no records.
        StorageError: a file of a folder that can be written cannot, or a file of cases is missing or was changed.
    """
    made, frame = _made(results, cache)
    files, refused = refresh_tables(results, frame, csv_texts(made.tables))
    return replace(made, files=files, problems=[*made.problems, *refused])


def read_boards(results: Path, cache: Path | None = None) -> Regenerated:
    """The same boards, and no file is written. Raises as `regenerate`."""
    return _made(results, cache)[0]


def _made(results: Path, cache: Path | None) -> tuple[Regenerated, pd.DataFrame]:
    """The boards, and the frame of all records."""
    frame, problems = read_frame(Store(results), cache)
    if frame.empty:
        nothing = f"No records under {results / 'runs'}. Make some with bench run, or name the folder: --results DIR."
        raise UsageError("\n".join([nothing, *lines_of(problems)]))
    lines = [*lines_of(problems), *read_published(results / "published")[1]]
    return Regenerated(len(frame), [], leaderboard_tables(frame, results / "published"), lines), frame


def refresh_tables(
    results: Path, frame: pd.DataFrame, texts: Mapping[str, str] | None = None
) -> tuple[list[Path], list[str]]:
    """`write_tables`, where the results folder can be written; else no files, and a line that says so.

    Raises:
        StorageError: a file of a folder that can be written cannot, or a file of cases is missing or was changed.
    """
    try:
        return write_tables(results, frame, texts), []
    except StorageError as error:
        if os.access(results, os.W_OK):
            raise
        return [], [f"The tables in {results / 'leaderboard'} are not brought up to date: {error}"]


def write_tables(results: Path, frame: pd.DataFrame, texts: Mapping[str, str] | None = None) -> list[Path]:
    """Regenerate all files in results/leaderboard from the frame of all records. Raises `StorageError`."""
    return [*write_leaderboards(results, frame, texts), *write_ablations(results, frame)]
