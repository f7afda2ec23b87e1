"""Which records of another store are new, known, or in conflict with those that are there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.results.frame import RUN, row_of
from bench.results.record import Record
from bench.results.store import InvalidRecord, Store


@dataclass(frozen=True)
class Conflict:
    """A record that cannot stand beside one that is there."""

    theirs: Record
    path: Path
    """Of the file that is there."""
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class Sorted:
    """The records of a source, by what becomes of them."""

    new: list[Record]
    known: list[Record]
    """There already: the same file, or the same run with the same scores and predictions, made another time."""
    conflicts: list[Conflict]


def sort_out(theirs: Iterable[Record], ours: Store) -> Sorted:
    """Hold the records of a source against those of a store."""
    there = [(path, record) for path in ours.paths() if (record := _read(ours, path))]
    by_identity = {record.identity: (path, record) for path, record in there}
    by_run = {_run(record): (path, record) for path, record in there}
    found = Sorted([], [], [])
    for one in theirs:
        place = ours.path(one)
        if one.identity in by_identity:
            path, own = by_identity[one.identity]
            if differing := _differing(one, own):
                reason = f"the same run with other content: {differing}"
                found.conflicts.append(Conflict(one, path, reason))
            else:
                found.known.append(one)
        elif _run(one) in by_run:
            path, own = by_run[_run(one)]
            reason = f"the same method, settings and seed with another identity: {_why(one, own)}"
            found.conflicts.append(Conflict(one, path, reason))
        elif place.exists():
            found.conflicts.append(Conflict(one, place, "what is there is no valid record"))
        else:
            found.new.append(one)
    return found


def _read(store: Store, path: Path) -> Record | None:
    try:
        return store.read(path)
    except InvalidRecord:
        return None


def _run(record: Record) -> tuple[Any, ...]:
    row = row_of(record)
    return tuple(row[name] for name in RUN)


def _differing(theirs: Record, ours: Record) -> str:
    """How two records of one identity differ in what they found; empty where they differ in time and cost alone."""
    names = sorted(theirs.metrics.keys() | ours.metrics.keys())
    values = [(name, ours.metrics.get(name), theirs.metrics.get(name)) for name in names]
    parts = [f"{name} {_shown(a)} there, {_shown(b)} here" for name, a, b in values if a != b]
    if not parts and theirs.cases.sha256 != ours.cases.sha256:
        parts = ["other predictions"]
    fields = ("metrics_without_duplicates", "metrics_without_near_duplicates", "metrics_without_seen", "domains",
              "draws", "selection", "split", "duplicates", "seen")  # fmt: skip
    return ", ".join(parts or [name for name in fields if getattr(theirs, name) != getattr(ours, name)])


def _why(theirs: Record, ours: Record) -> str:
    """What of the identity differs, where the board does not tell it."""
    a, b = ours.corpus, theirs.corpus
    if a and b and a.fingerprint != b.fingerprint:
        return "another corpus"
    return "another split" if ours.split.fingerprint != theirs.split.fingerprint else "another checkpoint"


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6g}"


def same_content(path: Path, sha256: str) -> bool:
    """Whether a file is there with this content."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
