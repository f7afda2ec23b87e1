"""A table of a log: rows of numbers in a CSV file, continued after a resume."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from bench.core.files import write_text

FLUSH_SECONDS = 1.0
"""Rows are in the file after so long at the latest, while others follow."""


class LogTable:
    """Appends rows to a file, which the first of them makes.

    Of an earlier try, rows stay whose first column, a whole number, is below `start`. The columns are those of the
    first row; what later ones have besides is left out.

    Raises:
        StorageError: the file cannot be written.
        OSError: likewise.
    """

    def __init__(self, path: Path, start: int) -> None:
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        kept = rows_before(text, start)
        if kept:
            write_text(path, kept)
        else:
            path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._columns = kept.partition("\n")[0].split(",") if kept else []
        self._path = path
        self._file: IO[str] | None = None
        self._flushed = time.monotonic()

    def write(self, row: Mapping[str, float]) -> None:
        """Add a row."""
        if self._file is None:
            self._file = self._path.open("a", newline="", encoding="utf-8")
        writer = csv.writer(self._file, lineterminator="\n")
        if not self._columns:
            self._columns = list(row)
            writer.writerow(self._columns)
        writer.writerow([row.get(name, "") for name in self._columns])
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Have all rows in the file."""
        if self._file:
            self._file.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """End the file."""
        if self._file:
            self._file.close()


def rows_before(text: str, start: int) -> str:
    """The header and the rows below `start` of a table; rows that a crash left damaged are dropped, none is empty."""
    header, *rows = text.splitlines() or [""]
    width = header.count(",")
    kept = [
        row
        for row in rows
        if row.count(",") == width and (first := row.partition(",")[0]).isdecimal() and int(first) < start
    ]
    whole = header.startswith(("step,", "epoch,"))
    return "\n".join([header, *kept, ""]) if kept and whole else ""
