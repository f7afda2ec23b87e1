"""Verifying data sets: every file is opened as a run would open it, counts and labels are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.core.console import Report
from bench.core.errors import BenchError
from bench.core.registry import kinds, tasks
from bench.core.task import Case, DataSet
from bench.data.contract.cases import target_problem
from bench.data.contract.loads import part_problems
from bench.data.contract.tasks import require_sound
from bench.data.dataset import Counts, Data, compare_counts, count_cases, expected_counts, read_data
from bench.data.duplicates import crossing_groups, duplicate_groups
from bench.data.root import Kind, data_kind, folder_of
from bench.data.splits import draw_split

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
    """Open every file of a data set under `root`; never raises for what is wrong with it, but lists it.

    What ends it with one problem is what leaves the cases unknown: no folder, files that are not where the layout has
    them or that lack their counterpart, and a table of labels or boxes with a wrong entry.
    """
    kind = data_kind(root)
    data, failure = None, ""
    try:
        data = read_data(data_set, root)
        cases: Sequence[Case] = data.cases
    except BenchError as error:
        failure = str(error)
        cases = _listed(data_set, root)
    if not cases:
        return Verification(data_set.name, kind, (failure or f"{data_set.name}: has no case.",))
    found = count_cases(data_set, cases)
    counts = compare_counts(data_set, kind, found, expected_counts(data_set, root))
    broken, rounded = _open_all(data_set, cases, report)
    broken += _task_problems(data_set, cases) + _split_problems(data)
    paths = {path for case in cases for path in (case.image, *case.labels)}
    if failure:
        broken += _unhashable(sorted(paths), "\n".join(broken))
    return Verification(
        name=data_set.name,
        kind=kind,
        problems=tuple(dict.fromkeys([*counts, *(broken or filter(None, [failure]))])),
        warnings=tuple(w for w in data.warnings if w not in counts) + _contradictions(data) + rounded if data else (),
        n_cases=len(cases),
        n_files=len(paths),
        counts=found,
        fingerprint=data.fingerprint if data else None,
    )


def _task_problems(data_set: DataSet, cases: Sequence[Case]) -> list[str]:
    """What is wrong with the tasks on a data set, as they are declared."""
    problems = []
    for task in tasks().working().values():
        if task.data.name == data_set.name:
            try:
                require_sound(task, kinds().get(task.kind), cases)
            except BenchError as error:
                problems.append(str(error))
    return problems


def _split_problems(data: Data | None) -> list[str]:
    """Why no split can be drawn, as a run would; a published one (`--split`) may still be there."""
    try:
        if data:
            draw_split(data, 0)
    except BenchError as error:
        return [str(error)]
    return []


def _listed(data_set: DataSet, root: Path) -> Sequence[Case]:
    """The cases of a data set whose files cannot all be hashed; none where its reader cannot list them."""
    try:
        cases = list(data_set.reader.read(folder_of(data_set, root)))
    except Exception:  # whatever a plugin's reader raises; `read_data` said it
        return ()
    return cases if all(isinstance(case, Case) for case in cases) else ()


def _unhashable(paths: Sequence[Path], named: str) -> list[str]:
    """What is wrong with files that are empty or cannot be read, but for those that problems have `named`."""
    problems = []
    for path in paths:
        try:
            with path.open("rb") as file:
                fault = "" if file.read(1) else "this file is empty (0 bytes)"
        except OSError as error:
            fault = f"cannot be read: {error.strerror}"
        if fault and str(path) not in named:
            problems.append(f"{path}: {fault}.\nRestore this file from the owner's archive.")
    return problems


def _open_all(data_set: DataSet, cases: Sequence[Case], report: Report) -> tuple[list[str], tuple[str, ...]]:
    """Problems of all cases, each opened once, and a warning where label maps were rounded."""
    problems: list[str] = []
    rounded: dict[str, int] = {}
    pool = ThreadPoolExecutor(_THREADS)
    try:
        with report.stage(f"open {data_set.name}", len(cases)) as advance:
            opened = pool.map(partial(_open_case, data_set), cases)
            for case, (found, n_rounded) in zip(cases, opened, strict=True):
                problems += found
                rounded |= {case.id: n_rounded} if n_rounded else {}
                advance("")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return problems, _rounding(data_set, rounded)


def _rounding(data_set: DataSet, rounded: Mapping[str, int]) -> tuple[str, ...]:
    if not rounded:
        return ()
    return (
        f"{data_set.name}: label maps of {len(rounded)} cases hold {sum(rounded.values())} voxels that are not whole "
        f"numbers but within 0.001 of one, which is read; first in {next(iter(rounded))}.",
    )


def _open_case(data_set: DataSet, case: Case) -> tuple[list[str], int]:
    """Problems of one case, and its rounded voxels: its parts are loaded one by one, with what the reader has."""
    problems = [problem] if (problem := target_problem(data_set, case)) else []
    found, n_rounded = part_problems(data_set, case)
    return problems + found, n_rounded


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
