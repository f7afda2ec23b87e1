"""Gather what the report shows, and write it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.core import registry
from bench.core.cache_folder import default_cache
from bench.core.console import Report
from bench.core.errors import BenchError, StorageError, UsageError
from bench.core.files import write_text
from bench.data.root import resolve_root
from bench.results.index import read_frame
from bench.results.published import read_published
from bench.results.record import Record
from bench.results.report.extras import Extras
from bench.results.report.page import CASES, report_html
from bench.results.store import InvalidRecord, Store, lines_of
from bench.runs.report.curves import curves_of
from bench.runs.report.pictures import CasePictures


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """What `bench report` was asked for."""

    results: Path = Path("results")
    output: Path = Path("report.html")
    data_root: Path | None = None
    cache: Path | None = None
    cases: int = CASES


@dataclass(frozen=True)
class Written:
    """What it did."""

    path: Path
    runs: int
    n_bytes: int
    problems: list[str]


def write_report(request: ReportRequest, report: Report) -> Written:
    """Write the file.

    Raises:
        UsageError: there are no records.
        DataError: the data root is not there.
        StorageError: the file cannot be written, or one that records refer to is missing or was changed.
    """
    root = resolve_root(request.data_root)
    cache = request.cache or default_cache()
    store = Store(request.results)
    frame, problems = read_frame(store, request.cache)
    lines = [*lines_of(problems), *read_published(request.results / "published")[1]]
    if frame.empty:
        nothing = f"No records under {store.runs}. Make some with bench run, or name the folder: --results DIR."
        raise UsageError("\n".join([nothing, *lines]))
    records = _read(store, frame["path"])
    extras = Extras(
        classes=classes_of(record.task for record in records),
        curves=curves_of(records, cache),
        **({"picture_of": CasePictures(root, store, report)} if root else {}),
    )
    try:
        text = report_html(frame, lines, request.output, extras, request.cases)
    except ValueError as error:
        raise StorageError(str(error)) from error
    write_text(request.output, text)
    return Written(request.output, len(frame), len(text.encode()), lines)


def classes_of(tasks: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Names of the classes of tasks that are known here."""
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(set(tasks)):
        try:
            found[name] = tuple(registry.tasks().get(name).data.classes)
        except BenchError:
            continue
    return found


def _read(store: Store, paths: Iterable[str]) -> Sequence[Record]:
    try:
        return [store.read(store.runs / path) for path in paths]
    except InvalidRecord as error:  # since the frame was made
        raise StorageError(f"{store.runs}: {error}. Run the same command again.") from error
