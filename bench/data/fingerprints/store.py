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
from typing import NamedTuple

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


class Stamp(NamedTuple):
    """What tells that a file did not change."""

    size: int
    """Bytes."""
    modified: int
    """Nanoseconds since the epoch: of the content, which programs may set."""
    changed: int
    """The same of the file's entry, which only the system sets. No inode: some network file systems make them up."""


class Known(NamedTuple):
    """A hash, and the file that it is of."""

    stamp: Stamp
    sha256: bytes


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
            return dict(map(_checked, rows))
        except (_Damaged, sqlite3.Error) as error:
            self._mend(error)
            return {}

    def keep(self, known: Mapping[str, Known]) -> None:
        """Write what is known of files, at once; a file whose name is no text is not kept."""
        rows = [(path, *one.stamp, one.sha256, _crc(path, one)) for path, one in known.items() if _is_text(path)]
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


def _checked(row: tuple[str, int, int, int, bytes, int]) -> tuple[str, Known]:
    path, *stamp, sha256, crc = row
    known = Known(Stamp(*stamp), sha256)
    if _crc(path, known) != crc:
        raise _Damaged
    return path, known


def _crc(path: str, known: Known) -> int:
    return zlib.crc32(
        f"{path}\0{known.stamp.size} {known.stamp.modified} {known.stamp.changed} ".encode() + known.sha256
    )


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
