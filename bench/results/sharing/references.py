"""The files that a record refers to: whether they are there, unchanged, and say what the record says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.core.errors import StorageError
from bench.core.reading import json_of
from bench.results.record import FileRecord, Record
from bench.results.sharing.findings import Finding
from bench.results.store import Store

_LISTS = {
    "n_crossing_split": "crossing_split",
    "n_crossing_owner_split": "crossing_owner_split",
    "n_contradictory": "contradictory",
    "n_affected_test_cases": "affected_test_cases",
    "n_near_affected_test_cases": "near_affected_test_cases",
}
"""Count in `duplicates` -> the list of its file that it counts."""


def files_of(record: Record) -> dict[str, FileRecord]:
    """Field -> the file of results/splits that it names."""
    split = FileRecord(file=record.split.file, sha256=record.split.fingerprint)
    seen = FileRecord(file=record.seen.file, sha256=record.seen.sha256) if record.seen else None
    others: dict[str, FileRecord | None] = {
        "duplicates": record.duplicates,
        "seen": seen,
        "labelled": record.labelled,
        "subjects": record.subjects,
    }
    return {"split": split} | {field: file for field, file in others.items() if file is not None}


class References:
    """The files that records of a store refer to, each read once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._json: dict[FileRecord, Any] = {}
        self._rows: dict[FileRecord, list[dict[str, str]]] = {}
        self._errors: dict[FileRecord, str] = {}

    def check(self, record: Record, path: str) -> list[Finding]:
        """What does not hold of the files of a record, or of what it says of them."""
        broken = [Finding(path, f, why) for f, one in files_of(record).items() if (why := self._error(one))]
        if broken:
            return broken
        try:
            counts = [*self._split(record), *self._duplicates(record), *self._seen(record), *self._labelled(record)]
        except (StorageError, KeyError, TypeError, AttributeError, ValueError) as error:
            return [Finding(path, "split", f"a file that it refers to has another form: {_line(error)}")]
        return [
            Finding(path, field, f"it states {stated}, and its file has {found}", found)
            for field, stated, found in counts
            if stated != found
        ]

    def test_cases(self, record: Record) -> list[str]:
        """Ids of the test cases, in their order. Raises `StorageError`."""
        return [row["case"] for row in self._rows_of(files_of(record)["split"]) if row["split"] == "test"]

    def left_out(self, record: Record) -> dict[str, set[str]]:
        """`metrics_without_...` -> the test cases that it is without. Raises `StorageError` or `ValueError`."""
        files = files_of(record)
        duplicates = self._json_of(files["duplicates"])
        found = {
            "metrics_without_duplicates": set(duplicates["affected_test_cases"]),
            "metrics_without_near_duplicates": set(duplicates["near_affected_test_cases"]),
        }
        return found | ({"metrics_without_seen": set(self._json_of(files["seen"])["test"])} if record.seen else {})

    def _split(self, record: Record) -> Iterator[tuple[str, Any, Any]]:
        sides = Counter(row["split"] for row in self._rows_of(files_of(record)["split"]))
        for side in ("train", "validation", "test"):
            yield f"split.{side}", getattr(record.split, side), sides[side]

    def _duplicates(self, record: Record) -> Iterator[tuple[str, Any, Any]]:
        groups = self._json_of(record.duplicates)
        for field, name in _LISTS.items():
            yield f"duplicates.{field}", getattr(record.duplicates, field), len(groups[name])

    def _seen(self, record: Record) -> Iterator[tuple[str, Any, Any]]:
        if record.seen is None:
            return
        sides = self._json_of(files_of(record)["seen"])
        for side in ("train", "validation", "test"):
            yield f"seen.n_{side}", getattr(record.seen, f"n_{side}"), len(sides[side])
        yield "seen.sources", record.seen.sources, dict(sorted(Counter(sides["test"].values()).items()))

    def _labelled(self, record: Record) -> Iterator[tuple[str, Any, Any]]:
        if record.labelled is None:
            return
        draws = Counter(row["draw"] for row in self._rows_of(record.labelled))
        yield "draws", len(record.draws), len(draws)
        for number, draw in enumerate(record.draws):
            yield f"draws.{number}.labelled", draw.labelled, draws[str(number)]

    def _error(self, file: FileRecord) -> str:
        """Why a file cannot be used; empty where it can."""
        key = FileRecord(file=file.file, sha256=file.sha256)
        if key not in self._errors:
            self._errors[key] = ""
            try:
                self.store.content(key)
            except StorageError as error:
                self._errors[key] = _line(error)
        return self._errors[key]

    def _rows_of(self, file: FileRecord) -> list[dict[str, str]]:
        key = FileRecord(file=file.file, sha256=file.sha256)
        if key not in self._rows:
            self._rows[key] = self.store.rows(key)
        return self._rows[key]

    def _json_of(self, file: FileRecord) -> Any:
        key = FileRecord(file=file.file, sha256=file.sha256)
        if key not in self._json:
            try:
                self._json[key] = json_of(self.store.content(key))
            except RecursionError as error:
                raise ValueError("it is nested too deeply") from error
        return self._json[key]


def _line(error: Exception) -> str:
    return " ".join(str(error).splitlines())
