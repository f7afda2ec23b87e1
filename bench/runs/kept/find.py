"""A stored run by its record's file or the beginning of its identity."""

from __future__ import annotations

import re
from pathlib import Path

from bench.core.errors import StorageError, UsageError
from bench.core.escape import one_line
from bench.results.record import Record
from bench.results.store import InvalidRecord, Store

LEAST_DIGITS = 6
"""Of an identity."""
_IN_NAMES = 12
"""Digits of it that stand in the name of a record's file."""


def names_run(name: str) -> bool:
    """Whether a text can only be a record's file or the beginning of an identity."""
    return name.endswith(".json") or re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},64}}", name.lower()) is not None


def find_run(run: str, results: Path) -> tuple[Record, Path]:
    """The record that `run` names, and the results folder that it lies in.

    A file may lie in another results folder than `results`.

    Raises:
        UsageError: no run of that name, or several.
        StorageError: the file is no valid record.
    """
    path = Path(run)
    if path.suffix == ".json" or "/" in run:
        if not path.is_file():
            raise UsageError(f"{one_line(run)}: no such file. Name a record's .json file, or its identity.")
        folder = next((place.parent for place in path.absolute().parents if place.name == "runs"), None)
        if folder is None:
            raise UsageError(f"{one_line(run)}: it is not below a folder runs/, as records are.")
        results = results if results.absolute() == folder else folder
        return _read(results / "runs" / path.absolute().relative_to(folder / "runs"), results), results
    digits = run.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},64}}", digits):
        raise UsageError(
            f"{one_line(run)!r} names no run: give a record's .json file, or {LEAST_DIGITS} or more digits of its "
            "identity."
        )
    paths = [p for p in Store(results).paths() if p.stem.rpartition("-")[2].startswith(digits[:_IN_NAMES])]
    found = [record for record in (_read(p, results) for p in paths) if record.identity.startswith(digits)]
    if len(found) != 1:
        listed = "".join(f"\n  {Store(results).path(record)}" for record in found)
        problem = f"{len(found)} runs have" if found else "no run has"
        raise UsageError(
            f"In {results / 'runs'} {problem} the identity {digits}.{listed or ' Records are there by file.'}"
        )
    return found[0], results


def _read(path: Path, results: Path) -> Record:
    try:
        return Store(results).read(path)
    except InvalidRecord as error:
        raise StorageError(f"{path} is not a valid record: {error}. Restore it.") from error
