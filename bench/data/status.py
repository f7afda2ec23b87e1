"""What lies under a data root, data set by data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.core.errors import BenchError
from bench.core.task import DataSet
from bench.data.dataset import Counts, expected_counts, find_data_sets, read_data
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
    warnings: tuple[str, ...] = ()


def data_status(root: Path | None, data_sets: Iterable[DataSet]) -> list[DataStatus]:
    """The state of every data set under `root`, each read and hashed once; never raises for a broken one."""
    return [_status(root, data_set) for data_set in {d.name: d for d in data_sets}.values()]


def _status(root: Path | None, data_set: DataSet) -> DataStatus:
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
        warnings=data.warnings,
    )
