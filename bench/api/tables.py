"""What is stored and what there is, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pandas as pd

from bench.core.console import Report
from bench.core.errors import UsageError
from bench.core.files import write_text
from bench.results.boards import FORMATS, read_boards
from bench.results.comparison import side_by_side
from bench.results.index import read_frame
from bench.results.leaderboard import board_of
from bench.results.record import Record
from bench.results.report.page import CASES
from bench.results.statistics.agreement import load_checked
from bench.results.store import Store, lines_of
from bench.results.written.chosen import Chosen
from bench.runs.listing import listing
from bench.runs.report.write import ReportRequest, write_report
from bench.runs.request import names_of

if TYPE_CHECKING:
    pass


Settings = Mapping[str, Any]
"""`{"method.temperature": 0.2}` or `{"method": {"temperature": 0.2}}`."""
AnyPath = str | Path


Names = str | Iterable[str] | None


@overload
def leaderboard(
    results: AnyPath = "results",
    *,
    task: Names = None,
    protocol: Names = None,
    method: Names = None,
    backbone: Names = None,
) -> pd.DataFrame: ...


@overload
def leaderboard(
    results: AnyPath = "results",
    *,
    format: str,
    task: Names = None,
    protocol: Names = None,
    method: Names = None,
    backbone: Names = None,
    output: AnyPath | None = None,
) -> str: ...


def leaderboard(
    results: AnyPath = "results",
    *,
    format: str | None = None,
    task: Names = None,
    protocol: Names = None,
    method: Names = None,
    backbone: Names = None,
    output: AnyPath | None = None,
) -> pd.DataFrame | str:
    """The task boards of a results folder, a row for each contestant, or a text of them; no board's file is written.

    Args:
        results: Folder with the records.
        format: None for a table, else `csv`, `markdown`, `latex` or `json` for a text.
        task, protocol, method, backbone: Only these; default: all. Ranks and tests count every contestant.
        output: A file that gets the text.

    Returns:
        Columns as those of results/leaderboard/*.csv (docs/records.md); fractions, in Markdown and LaTeX percent.

    Raises:
        UsageError: an unknown name or format, no records to write of, or an `output` without a format.
        StorageError: a file of cases is missing or was changed, or the output cannot be written.
    """
    chosen = Chosen(names_of(task), names_of(protocol), names_of(method), names_of(backbone))
    if format is None:
        if output is not None:
            raise UsageError(f"output={str(output)!r} needs a format: {', '.join(FORMATS)}.")
        frame, problems = read_frame(Store(Path(results)))
        for line in lines_of(problems):
            Report().warn(line)
        return chosen.of(board_of(frame))
    boards = read_boards(Path(results))
    for line in boards.problems:
        Report().warn(line)
    text = boards.text(format, chosen)
    if output is not None:
        write_text(Path(output), text)
    return text


def compare(
    a: str,
    b: str,
    *,
    task: Names = None,
    protocol: Names = None,
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
