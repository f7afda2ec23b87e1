"""A stored record held against its data set: content, test cases, targets, split, and the kind's own score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.core import registry
from bench.core.console import Report
from bench.core.errors import BenchError
from bench.core.identity import declaration_fingerprint
from bench.core.kind import TaskKind
from bench.core.task import BoxTarget, Case, Task
from bench.data.dataset import Data
from bench.data.grouped_split import GROUPED, GROUPED_VERSION
from bench.data.published.named_splits import SPLITS, given_of_named
from bench.data.root import data_kind
from bench.evaluation.adaptation import Adaptation
from bench.results.case_table import read_cases
from bench.results.record import Record
from bench.results.sharing.findings import Finding
from bench.results.statistics.agreement import differences_from
from bench.results.store import Store
from bench.runs.kept.wanted import kind_of
from bench.runs.recording.scores import score_predictions
from bench.runs.resolve import evaluation_versions
from bench.runs.world import World

HOLD, DIFFER, OTHER_ROOT, UNKNOWN, NOT_THERE, DECLARED = (
    "agree",
    "do not agree",
    "of the other sort, real or phantom",
    "of tasks that are not known here",
    "not at hand",
    "of tasks that are declared otherwise here",
)
"""What came of asking a data set."""


class AgainstData:
    """Data sets under a data root, each read once, and the records that were made on them."""

    def __init__(self, root: Path, store: Store, cache: Path, report: Report) -> None:
        self.root, self.store, self.cache, self.report = root, store, cache, report
        self.kind = data_kind(root)
        self._worlds: dict[tuple[str, str], World] = {}
        self._data: dict[str, Data | None] = {}

    def __call__(self, record: Record, path: str) -> tuple[list[Finding], str]:
        """What the data set of a record says otherwise, and what came of asking it."""
        if record.data != self.kind:
            return [], OTHER_ROOT
        if record.task not in registry.tasks().plugins:
            return [], UNKNOWN
        task = registry.tasks().get(record.task)
        data = self._read(task)
        if data is None:
            return [], NOT_THERE
        if declaration_fingerprint(task.data) != record.fingerprints["declaration"]:
            return [], DECLARED
        found = [Finding(path, field, reason) for field, reason in self._differing(record, task, data)]
        return found, DIFFER if found else HOLD

    def _read(self, task: Task) -> Data | None:
        name = task.data.name
        if name not in self._data:
            self._data[name] = None
            try:
                self._data[name] = self._world(task, "").data(task.data)
            except BenchError as error:
                self.report.warn(f"{name}: its records are not held against it: {error}")
        return self._data[name]

    def _world(self, task: Task, split: str) -> World:
        """The data root with a way to split, the empty one for that of the data set."""
        key = (task.data.name if split else "", split)
        if key not in self._worlds:
            given = {task.data.name: Path(split)} if split else None
            self._worlds[key] = World(self.root, self.report, given_splits=given, cache=self.cache)
        return self._worlds[key]

    def _differing(self, record: Record, task: Task, data: Data) -> Iterator[tuple[str, str]]:
        if data.fingerprint != record.fingerprints["data"]:
            reason = (
                f"the content of {data.folder} has {data.fingerprint[:12]}...: it was edited, or made on another copy"
            )
            yield "fingerprints.data", f"is {record.fingerprints['data'][:12]}..., and {reason}"
            return
        known = {case.id: case for case in data.cases}
        names = self.store.names_of(record.split.file, record.split.fingerprint)
        if missing := [name for name in names if name not in known]:
            yield "split.file", f"{len(missing)} of {len(names)} test cases are not in the data set, as {missing[0]}"
            return
        cases = [known[name] for name in names]
        table = read_cases(self.store.path(record).with_suffix(".parquet"))
        yield from target_differences(cases, table)
        yield from kind_differences(record, task, cases, table)
        if evaluation_versions(task, record.protocol).get("splits") == record.versions.evaluation.get("splits"):
            yield from self._drawn_again(record, task)

    def _drawn_again(self, record: Record, task: Task) -> Iterator[tuple[str, str]]:
        """The split and its copies, where the split was not a file of the user's."""
        split = _split_option(record)
        if split is None:
            return
        world = self._world(task, split)
        drawn = world.split(task.data, record.seed)
        if drawn.fingerprint != record.split.fingerprint:
            yield "split.fingerprint", "the data set is split otherwise for this seed"
            return
        for name, found in world.overlap(task.data, record.seed).counts.items():
            if (stated := getattr(record.duplicates, name)) != found:
                yield f"duplicates.{name}", f"it states {stated}, and the data set has {found}"


def _split_option(record: Record) -> str | None:
    """What `--split` was: empty for none; None where it was a file, or a list that is another one today."""
    given = record.split.given
    if given is None:
        return ""
    if given == GROUPED_VERSION:
        return GROUPED
    named = [name for name, files in SPLITS.items() if record.data_set in files]
    return next((name for name in named if given_of_named(name, record.data_set) == given), None)


def target_differences(cases: Sequence[Case], table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Whether stored targets are those of the data set's cases, where both are classes or boxes."""
    if "target" not in table or len(cases) != len(table):
        return
    wrong = [c.id for c, stored in zip(cases, table["target"], strict=True) if not _same_target(c.target, stored)]
    if wrong:
        yield "cases", f"{len(wrong)} of {len(cases)} stored targets are not those of the data set, as of {wrong[0]}"


def _same_target(target: Any, stored: Any) -> bool:
    if isinstance(target, BoxTarget):
        own = np.array([list(box) for box in target.boxes], dtype=float).reshape(-1, 5)
        rows = [] if stored is None else [np.asarray(box, dtype=float) for box in stored]
        there = np.array(rows, dtype=float).reshape(-1, 5) if all(len(row) == 5 for row in rows) else np.empty((0, 6))
        return own.shape == there.shape and bool(np.allclose(own, there, atol=0.05))
    return bool(target == stored) if isinstance(target, int) else True


def kind_differences(
    record: Record, task: Task, cases: Sequence[Case], table: pd.DataFrame
) -> Iterator[tuple[str, str]]:
    """Scores that the task's own kind does not give for the stored predictions, where these are as it predicts."""
    kind = kind_of(record, None, task)
    if type(kind).case_columns is not TaskKind.case_columns or "prediction" not in table or record.draws:
        return
    adaptation = Adaptation(np.stack(table["prediction"].tolist()), None, math.nan, {})
    metrics, domains = score_predictions(kind, task.data.domains, cases, adaptation)
    for one in differences_from(metrics, record.metrics, table):
        yield f"metrics.{one.name}", f"it states {one.stated}, and the kind {record.kind} gives {one.found}"
    for domain, scores in domains.items():
        rows = table[[case.domain == domain for case in cases]]
        for one in differences_from(scores, record.domains.get(domain, {}), rows):
            yield (
                f"domains.{domain}.{one.name}",
                f"it states {one.stated}, and the kind {record.kind} gives {one.found}",
            )
