"""Intervals that were computed before, kept in the cache folder beside the index of the records.

An entry's key is a hash of the records that it was computed from. The file is a copy: without it everything is computed
again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

from bench.core.cache_folder import INDEX, default_cache
from bench.core.errors import StorageError
from bench.core.files import write_atomic

VERSION = 2
"""Raised whenever an entry means something else, or the statistics give other results."""
FROM_ENTRIES = 10
"""Fewer entries are not worth a file."""
MOST_UNUSED = 10
"""Entries that are kept for each that was asked for: other tables have other entries."""


def cache_file(results: Path, cache: Path | None, ending: str = "") -> Path:
    """Where what is kept of a results folder lies."""
    name = hashlib.sha256(str(results.resolve()).encode()).hexdigest()[:16]
    return (cache or default_cache()) / INDEX / f"{name}{ending}.parquet"


def key_of(what: str, parts: Iterable[str]) -> str:
    """Key of an entry that is made of these records, in this order."""
    text = "\n".join([f"{what} {VERSION}", *parts])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class StatisticsCache:
    """Key -> content of the entries of one results folder."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self._kept = _read(file) if file else {}
        self._used: dict[str, bytes] = {}
        self._new = 0

    def get(self, key: str) -> bytes | None:
        """The entry, or None where it must be computed."""
        found = self._used.get(key) or self._kept.get(key)
        if found is not None:
            self._used[key] = found
        return found

    def put(self, key: str, content: bytes) -> None:
        """Keep an entry until `save`."""
        self._used[key] = content
        self._new += 1

    def save(self) -> None:
        """Write the file where something is new; entries that were not asked for go once they are many."""
        if self.file is None or not self._new or len(self._used) < FROM_ENTRIES:
            return
        unused = {key: content for key, content in self._kept.items() if key not in self._used}
        self._kept = self._used | (unused if len(unused) <= MOST_UNUSED * len(self._used) else {})
        self._new = 0
        _write(self.file, self._kept)


def _read(file: Path) -> dict[str, bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(
            io.BytesIO(file.read_bytes()), columns=["key", "content"], page_checksum_verification=True
        ).to_pydict()
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return {}
    return dict(zip(table["key"], table["content"], strict=True))


def _write(file: Path, entries: dict[str, bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"key": list(entries), "content": pa.array(list(entries.values()), pa.binary())})
    try:
        write_atomic(
            file, lambda out: pq.write_table(table, out, compression="zstd", write_page_checksum=True), durable=False
        )
    except StorageError:
        return  # a copy; without it the next command computes again
