"""All files in results/leaderboard, from the records alone; nothing here loads a plugin or torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.core.errors import UsageError
from bench.results.ablations import write_ablations
from bench.results.board_text import to_markdown
from bench.results.comparison.critical_difference import critical_differences
from bench.results.index import read_frame
from bench.results.published import read_published
from bench.results.store import Store, lines_of
from bench.results.tables import METRICS, OVERALL, write_leaderboards


@dataclass(frozen=True)
class Regenerated:
    """What `bench leaderboard` did."""

    records: int
    files: list[Path]
    problems: list[str]
    """One line for each reason why files are no records, or no tables of published numbers."""

    @property
    def markdown(self) -> str:
        """The task boards among the files as Markdown tables, each under the name of its file."""
        others = (OVERALL, METRICS)
        boards = [p for p in self.files if not p.stem.endswith(others) and not p.stem.startswith("ablation-")]
        parts = [f"**{path.stem}**\n\n{to_markdown(pd.read_csv(path))}" for path in boards]
        overall = [pd.read_csv(p, keep_default_na=True) for p in self.files if p.stem.endswith(OVERALL)]
        return "\n".join([*parts, *(f"{line}\n" for table in overall for line in critical_differences(table))])


def regenerate(results: Path, cache: Path | None = None) -> Regenerated:
    """Write all leaderboard files from the records.

    Raises:
        UsageError: there are no records.
        StorageError: a file cannot be written, or two records claim one contestant and seed.
    """
    frame, problems = read_frame(Store(results), cache)
    if frame.empty:
        nothing = f"No records under {results / 'runs'}. Make some with bench run, or name the folder: --results DIR."
        raise UsageError("\n".join([nothing, *lines_of(problems)]))
    unread = read_published(results / "published")[1]
    return Regenerated(len(frame), write_tables(results, frame), [*lines_of(problems), *unread])


def write_tables(results: Path, frame: pd.DataFrame) -> list[Path]:
    """Regenerate all files in results/leaderboard from the frame of all records. Raises `StorageError`."""
    return [*write_leaderboards(results, frame), *write_ablations(results, frame)]
