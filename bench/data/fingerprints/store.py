"""Hashes that were made before, by path: one SQLite file in the cache, believed only for a file that did not change.

Deleting it, at any time, costs only the time to hash the files again.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.core.cache_folder import INDEX
from bench.core.console import Report

FILE = "files.sqlite"
_VERSION = 1
"""Raised whenever the table becomes another."""
_WAIT_SECONDS = 30.0
"""For another command that writes."""
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TABLE = (
    "CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, changed INTEGER, sha256 BLOB, "
    "crc INTEGER) WITHOUT ROWID"
)
_FIND = "SELECT files.* FROM json_each(?) AS asked CROSS JOIN files ON files.path = asked.value"


Stamp = tuple[int, int, int]
"""What tells that a file did not change: size in bytes, and in nanoseconds since the epoch when its content was last
modified, which programs may set, and when its entry was changed, which only the system sets. No inode: some network
file systems make them up anew."""
Known = tuple[Stamp, bytes]
"""Stamp and SHA-256 of a file. Plain tuples: there may be a million."""


class _Damaged(Exception):
    """A row that is not the one that was written."""


class FingerprintStore:
    """Path -> stamp and SHA-256. A store that cannot be used costs time alone: that is one warning."""

    def __init__(self, cache: Path, report: Report) -> None:
        self.file = cache / INDEX / FILE
        self._report = report
        self._failed = False

    def find(self, paths: Sequence[str]) -> Mapping[str, Known]:
        """What is known of files; paths are absolute."""
        try:
            with closing(self._open()) as connection:
                rows = connection.execute(_FIND, [json.dumps(paths)]).fetchall()
            if any(row[-1] != _crc(row) for row in rows):
                raise _Damaged
            return {row[0]: (row[1:4], row[4]) for row in rows}
        except (_Damaged, sqlite3.Error) as error:
            self._mend(error)
            return {}

    def keep(self, known: Mapping[str, Known]) -> None:
        """Write what is known of files, at once; a file whose name is no text is not kept."""
        plain = ((path, *stamp, sha256) for path, (stamp, sha256) in known.items() if _is_text(path))
        rows = [(*row, _crc(row)) for row in plain]
        try:
            with closing(self._open()) as connection, connection:
                connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            self._mend(error)

    def _open(self) -> sqlite3.Connection:
        """The store, made where it is not there, or of an earlier version."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise sqlite3.OperationalError(error.strerror) from error
        connection = sqlite3.connect(self.file, timeout=_WAIT_SECONDS)
        try:
            if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                connection.executescript(
                    f"BEGIN IMMEDIATE; DROP TABLE IF EXISTS files; {_TABLE}; PRAGMA user_version = {_VERSION}; COMMIT;"
                )
        except BaseException:
            connection.close()
            raise
        return connection

    def _mend(self, error: Exception) -> None:
        """Delete a damaged store; say once that one cannot be used."""
        if isinstance(error, _Damaged) or getattr(error, "sqlite_errorcode", None) in _BROKEN:
            self._report.warn(f"{self.file} is damaged, and is made again: files are hashed once more.")
            for end in ("", "-journal"):
                self.file.with_name(self.file.name + end).unlink(missing_ok=True)
        elif not self._failed:
            self._failed = True
            self._report.warn(f"{self.file} cannot be used ({error}): files are hashed each time.")


def _crc(row: tuple[Any, ...]) -> int:
    return zlib.crc32(f"{row[0]} {row[1]} {row[2]} {row[3]}".encode(), zlib.crc32(row[4]))


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
