"""The store: one atomic file per run under results/runs, validated whenever it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bench.files import require_writable, write_text
from bench.records import Record


@dataclass(frozen=True)
class Problem:
    """A file in results/runs that is not a valid record; it is left alone and never counted."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path} is not a valid record and was not counted: {self.reason}"


class Store:
    """Records under one results folder."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.runs = results / "runs"

    def require_writable(self) -> None:
        """Raise `StorageError` before any work when results could not be written."""
        require_writable(self.runs, "results")

    def path(self, record: Record) -> Path:
        """runs/<data>/<profile>/<method>/<task>/<backbone>-<protocol>-seed<N>-<identity>.json."""
        name = f"{record.backbone}-{record.protocol}-seed{record.seed}-{record.identity[:12]}.json"
        return self.runs / record.data / record.profile / record.method / record.task / name

    def add(self, record: Record) -> Path:
        """Write a record atomically and return its path. Raises `StorageError`."""
        path = self.path(record)
        write_text(path, record.to_json())
        return path

    def load(self) -> tuple[list[Record], list[Problem]]:
        """All valid records in the order of their paths, and the files that are none."""
        records, problems = [], []
        for path in sorted(p for p in self.runs.rglob("*") if p.is_file() and not p.name.startswith(".")):
            try:
                record = Record.model_validate_json(path.read_bytes())
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                problems.append(Problem(path, f"{where + ': ' if where else ''}{first['msg']}"))
                continue
            except OSError as error:
                problems.append(Problem(path, error.strerror or str(error)))
                continue
            if path != self.path(record):
                problems.append(Problem(path, f"its content belongs at {self.path(record)}"))
                continue
            records.append(record)
        return records, problems
