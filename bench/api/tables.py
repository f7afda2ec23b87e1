"""What is stored and what there is, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.core.console import Report
from bench.results.comparison import side_by_side
from bench.results.index import read_frame
from bench.results.leaderboard import board_of
from bench.results.record import Record
from bench.results.report.page import CASES
from bench.results.statistics.agreement import load_checked
from bench.results.store import Store, lines_of
from bench.runs.listing import listing
from bench.runs.report.write import ReportRequest, write_report
from bench.runs.request import names_of

if TYPE_CHECKING:
    pass


Settings = Mapping[str, Any]
"""`{"method.temperature": 0.2}` or `{"method": {"temperature": 0.2}}`."""
AnyPath = str | Path


def leaderboard(results: AnyPath = "results") -> pd.DataFrame:
    """The task board of a results folder, a row for each contestant; writes nothing.

    Columns are those of results/leaderboard/*.csv (docs/records.md); fractions, not percent.

    Raises:
        StorageError: two records claim one contestant and seed.
    """
    frame, problems = read_frame(Store(Path(results)))
    for line in lines_of(problems):
        Report().warn(line)
    return board_of(frame)


def compare(
    a: str,
    b: str,
    *,
    task: str | Iterable[str] | None = None,
    protocol: str | Iterable[str] | None = None,
    results: AnyPath = "results",
) -> pd.DataFrame:
    """Paired differences a - b of two contestants, a row for each task, protocol and budget that both were run on.

    Args:
        a: A method with its own settings, or with changed ones: `"lvmmed nodes=8"`.
        b: Another.
        task: Only these; default: all.
        protocol: Only these; default: all.
        results: Folder with the records.

    Returns:
        Columns as in docs/statistics.md; fractions, not percent. p is Holm-corrected over the rows.

    Raises:
        UsageError: nothing of that name, or nothing that both were run on.
        StorageError: a file that the records refer to is missing or was changed.
    """
    frame, problems = read_frame(Store(Path(results)))
    for line in lines_of(problems):
        Report().warn(line)
    return side_by_side.compare(frame, a, b, names_of(task), names_of(protocol))


def report(
    results: AnyPath = "results",
    output: AnyPath = "report.html",
    *,
    data_root: AnyPath | None = None,
    cases: int = CASES,
) -> Path:
    """Write the records of a results folder as one HTML file, which loads nothing; returns its path.

    Args:
        results: Folder with the records.
        output: The file.
        data_root: Where data sets lie, for small pictures of cases; default: `BENCH_DATA`, else none.
        cases: Worst, median and best cases of each run, each.

    Raises:
        UsageError: there are no records.
        DataError: the data root is not there.
        StorageError: the file cannot be written, or one that the records refer to is missing or was changed.
    """
    said = Report()
    request = ReportRequest(
        results=Path(results), output=Path(output), data_root=Path(data_root) if data_root else None, cases=cases
    )
    written = write_report(request, said)
    for line in written.problems:
        said.warn(line)
    return written.path


def load_records(results: AnyPath = "results") -> list[Record]:
    """All valid records of a results folder, in the order of their paths; a warning says which files are none."""
    records, problems = load_checked(Store(Path(results)))
    for line in lines_of(problems):
        Report().warn(line)
    return records


def methods() -> pd.DataFrame:
    """The pretraining methods: name, package and where each is defined; none is imported for it."""
    return pd.DataFrame(listing("methods", ()))


def tasks() -> pd.DataFrame:
    """The downstream tasks: name, data set, kind, default protocol, headline metric."""
    return pd.DataFrame(listing("tasks", ()))
