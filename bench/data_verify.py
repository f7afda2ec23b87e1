"""Verifying data sets: every file is opened as a run would open it, counts and labels are checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.data import Counts, Data, Kind, compare_counts, data_kind, expected_counts, read_data
from bench.errors import BenchError
from bench.images import read_image
from bench.interfaces import Case, DataSet, Reader
from bench.overlap import crossing_groups, duplicate_groups
from bench.progress import Report

_THREADS = 4


@dataclass(frozen=True)
class Verification:
    """What `bench data verify` found in one data set."""

    name: str
    kind: Kind
    problems: tuple[str, ...]
    """What is wrong: files, labels and counts. Empty for a data set that is complete and readable."""
    warnings: tuple[str, ...] = ()
    """What is worth knowing and not wrong with this copy alone."""
    n_cases: int = 0
    n_files: int = 0
    """Image and label files that were opened; a file that serves several cases counts once."""
    counts: Counts = field(default_factory=dict)
    fingerprint: str | None = None


def verify(data_set: DataSet, root: Path, report: Report) -> Verification:
    """Open every file of a data set under `root`; never raises for what is wrong with it, but lists it."""
    kind = data_kind(root)
    try:
        data = read_data(data_set, root)
    except BenchError as error:
        return Verification(data_set.name, kind, (str(error),))
    counts = compare_counts(data_set, kind, data.counts, expected_counts(data_set, root))
    with (
        report.stage(f"open {data_set.name}", len(data.cases)) as advance,
        ThreadPoolExecutor(_THREADS) as pool,
    ):
        broken = []
        for problems in pool.map(partial(_open_case, data_set), data.cases):
            broken += problems
            advance("")
    return Verification(
        name=data_set.name,
        kind=kind,
        problems=(*counts, *dict.fromkeys(broken)),
        warnings=tuple(w for w in data.warnings if w not in counts) + _contradictions(data),
        n_cases=len(data.cases),
        n_files=len({path for case in data.cases for path in (case.image, *case.labels)}),
        counts=data.counts,
        fingerprint=data.fingerprint,
    )


def _open_case(data_set: DataSet, case: Case) -> list[str]:
    """Problems of one case: its parts are loaded one by one, with whatever the reader has for them."""
    problems = []
    if isinstance(case.target, int) and not 0 <= case.target < len(data_set.classes):
        problems.append(f"{case.image}: its label {case.target} is none of the {len(data_set.classes)} classes.")
    for load in loaders(data_set.reader):
        try:
            load(case)
        except BenchError as error:
            problems.append(str(error))
    return problems


def loaders(reader: Reader) -> Sequence[Callable[[Case], object]]:
    """The methods `load_*` of a reader, each of which loads one part of a case; else one that decodes its image."""
    found = [method for name, method in inspect.getmembers(reader, callable) if name.startswith("load_")]
    return found or [lambda case: read_image(case.image)]


def _contradictions(data: Data) -> tuple[str, ...]:
    """A warning where byte-identical images have different labels."""
    targets = {case.id: data.label_hashes.get(case.id, case.target) for case in data.cases}
    groups = crossing_groups(duplicate_groups(data.hashes), targets)
    if not groups:
        return ()
    return (
        f"{data.data_set.name}: {len(groups)} groups of byte-identical images have different labels, as "
        f"{' and '.join(groups[0][:2])}.",
    )
