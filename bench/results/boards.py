"""All files in results/leaderboard, from the records alone; nothing here loads a plugin or torch."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.core.errors import StorageError, UsageError
from bench.results.ablations import write_ablations
from bench.results.board_text import across_markdown, to_markdown
from bench.results.comparison.critical_difference import critical_differences
from bench.results.index import read_frame
from bench.results.published import read_published
from bench.results.store import Store, lines_of
from bench.results.tables import ENCODERS, METRICS, OVERALL, leaderboard_texts, write_leaderboards


@dataclass(frozen=True)
class Regenerated:
    """What `bench leaderboard` did."""

    records: int
    files: list[Path]
    boards: dict[str, str]
    """Name of a leaderboard's file -> its text."""
    problems: list[str]
    """One line for each reason why files are no records, or no tables of published numbers."""

    @property
    def markdown(self) -> str:
        """The task boards among the files as Markdown tables, each under the name of its file."""
        tables = {Path(name).stem: pd.read_csv(io.StringIO(text)) for name, text in sorted(self.boards.items())}
        others = (OVERALL, METRICS, ENCODERS)
        parts = [f"**{name}**\n\n{to_markdown(t)}" for name, t in tables.items() if not name.endswith(others)]
        parts += [f"**{name}**\n\n{across_markdown(t)}" for name, t in tables.items() if name.endswith(ENCODERS)]
        overall = [table for name, table in tables.items() if name.endswith(OVERALL)]
        return "\n".join([*parts, *(f"{line}\n" for table in overall for line in critical_differences(table))])


def regenerate(results: Path, cache: Path | None = None) -> Regenerated:
    """Write all leaderboard files from the records.

    Raises:
        UsageError: there are no records.
        StorageError: a file of a folder that can be written cannot, or a file of cases is missing or was changed.
    """
    frame, problems = read_frame(Store(results), cache)
    if frame.empty:
        nothing = f"No records under {results / 'runs'}. Make some with bench run, or name the folder: --results DIR."
        raise UsageError("\n".join([nothing, *lines_of(problems)]))
    lines = [*lines_of(problems), *read_published(results / "published")[1]]
    texts = leaderboard_texts(frame, results / "published")
    files, refused = refresh_tables(results, frame, texts)
    return Regenerated(len(frame), files, texts, [*lines, *refused])


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
