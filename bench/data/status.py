"""What lies under a data root, data set by data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.core.cache_folder import default_cache
from bench.core.console import Report
from bench.core.errors import BenchError
from bench.core.task import DataSet
from bench.data.dataset import Counts, Data, expected_counts, find_data_sets, read_data
from bench.data.duplicates import crossing_groups, duplicate_groups
from bench.data.root import ROOT_VARIABLE, Kind, data_kind


@dataclass(frozen=True)
class DataStatus:
    """One row of `bench data status`."""

    name: str
    title: str
    state: Literal["found", "missing", "broken"]
    message: str = ""
    """Where not found: what is wrong and what to do."""
    kind: Kind | None = None
    folder: Path | None = None
    counts: Counts = field(default_factory=dict)
    expected: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    n_duplicate_groups: int = 0
    """Groups of byte-identical files."""
    n_crossing_owner_split: int = 0
    """Those of them on both sides of the owner's split."""
    n_copied_test_cases: int | None = None
    """The owner's test cases whose image equals one of the training images by pixels; None where it is not known."""
    warnings: tuple[str, ...] = ()


def data_status(root: Path | None, data_sets: Iterable[DataSet], cache: Path | None = None) -> list[DataStatus]:
    """The state of every data set under `root`, each read and hashed once; never raises for a broken one.

    Where the owner gives a test split, images are decoded once to compare them by pixels; what they show is kept in
    `cache` (default: the program's own).
    """
    report = Report()
    with report.live():
        return [_status(root, d, cache, report) for d in {d.name: d for d in data_sets}.values()]


def _status(root: Path | None, data_set: DataSet, cache: Path | None, report: Report) -> DataStatus:
    if root is None and data_set.declared:
        root = data_set.declared.folder
    if root is None:
        message = f"No data root is set: give --data-root or ${ROOT_VARIABLE}.\n{data_set.obtain}"
        return DataStatus(data_set.name, data_set.title, "missing", message, expected=data_set.expected_counts)
    expected = expected_counts(data_set, root)
    kind = data_kind(root)
    state: Literal["missing", "broken"] = "missing"
    try:
        state = "broken" if find_data_sets(root, [data_set]) else "missing"
        data = read_data(data_set, root)
    except BenchError as error:
        return DataStatus(data_set.name, data_set.title, state, str(error), kind, expected=expected)
    groups = duplicate_groups(data.hashes)
    crossing = crossing_groups(groups, {case.id: case.owner_split for case in data.cases})
    n_copied, copied = _copied(data, cache, report)
    return DataStatus(
        name=data_set.name,
        title=data_set.title,
        state="found",
        kind=kind,
        folder=data.folder,
        counts=data.counts,
        expected=expected,
        n_duplicate_groups=len(groups),
        n_crossing_owner_split=len(crossing),
        n_copied_test_cases=n_copied,
        warnings=data.warnings + copied,
    )


def _copied(data: Data, cache: Path | None, report: Report) -> tuple[int | None, tuple[str, ...]]:
    """How many of the owner's test cases are in its training set too, by pixels, and a warning if any."""
    from bench.data.cache import FOLDER, DiskCache
    from bench.data.near_duplicates.groups import copied_test_cases, find_copies

    n_test = sum(case.owner_split == "test" for case in data.cases)
    if not n_test:
        return None, ()
    try:
        copies = find_copies(data, report, DiskCache((cache or default_cache()) / FOLDER, report), near=False)
    except BenchError as error:
        return None, (f"{data.data_set.name}: its images cannot be compared by pixels. {error}",)
    n = len(copied_test_cases(copies.exact, data))
    what = f"{n} of {n_test} test cases equal a training image by pixels; see bench data duplicates, --split grouped"
    return n, (f"{data.data_set.name}: {what}.",) if n else ()
