"""SHA-256 of many files: those that did not change since they were hashed are looked up, the others are read."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from bench.core.console import Report
from bench.core.reading import reading, require_regular_status
from bench.data.fingerprints.store import FingerprintStore, Known, Stamp

HASH_BYTES = 32
EMPTY = hashlib.sha256().digest()
"""Of a file without content."""
SETTLED_NS = 2 * 10**9
"""A file that is younger when it is hashed may change again under the same time: the coarsest clock of a file system
(FAT's) counts in two seconds. It is hashed again the next time, as git does with a file as young as its index."""
_BLOCK = 10_000
"""Files that are looked up, or kept, at once."""
_STATUSES = 1000
"""Files that a thread asks the system about in one go."""
_READ_BYTES = 2**20
_NOTHING: tuple[None, bytes] = (None, b"")
_KEEP_SECONDS = 10.0
"""Nobody who is interrupted loses more."""
_TASKS = 1000
"""Parts that hashing is shared out and shown in, at least."""
_QUIET = Report(quiet=True)


class Fingerprints:
    """Hashes of files; in `cache`, where it is given, they are kept for later commands.

    Args:
        cache: The folder of the cache.
        report: Where progress is shown.
        clock: Nanoseconds since the epoch.
    """

    def __init__(
        self, cache: Path | None = None, report: Report = _QUIET, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._report, self._clock = report, clock
        self._store = FingerprintStore(cache, report) if cache else None

    def hashes(self, paths: Sequence[str], advice: str) -> np.ndarray:
        """SHA-256 of each file, (N, 32) uint8.

        Raises:
            DataError: a file is missing or cannot be read, or is no regular file; `advice` is its second line.
        """
        found = np.zeros((len(paths), HASH_BYTES), np.uint8)
        with ThreadPoolExecutor() as pool:
            missing = list(self._look_up(paths, found, advice, pool)) if self._store else list(range(len(paths)))
            if missing:
                self._hash(paths, missing, found, advice, pool)
        return found

    def _look_up(self, paths: Sequence[str], found: np.ndarray, advice: str, pool: ThreadPoolExecutor) -> Iterator[int]:
        """Fill in what is known of files that did not change; the places of the others."""
        assert self._store
        for start in range(0, len(paths), _BLOCK):
            block = paths[start : start + _BLOCK]
            names = list(map(_name, block))
            known = self._store.find(names)
            if not known:
                yield from range(start, start + len(block))
                continue
            parts = [block[i : i + _STATUSES] for i in range(0, len(block), _STATUSES)]
            stamps = chain.from_iterable(pool.map(partial(_stamps, advice=advice), parts))
            for place, (name, stamp) in enumerate(zip(names, stamps, strict=True), start):
                kept_stamp, sha256 = known.get(name, _NOTHING)
                if kept_stamp == stamp:
                    found[place] = np.frombuffer(sha256, np.uint8)
                else:
                    yield place

    def _hash(
        self, paths: Sequence[str], places: list[int], found: np.ndarray, advice: str, pool: ThreadPoolExecutor
    ) -> None:
        """Read the files at some places, in tasks of several, and keep what is settled, now and then."""
        size = -(-len(places) // _TASKS)
        tasks = [places[start : start + size] for start in range(0, len(places), size)]
        work = pool.map(lambda task: [self._hash_file(paths[place], advice) for place in task], tasks)
        settled: dict[str, Known] = {}
        kept = time.monotonic()
        try:
            with self._report.stage("hash files", len(tasks)) as advance:
                for task, done in zip(tasks, work, strict=True):
                    for place, (known, is_settled) in zip(task, done, strict=True):
                        found[place] = np.frombuffer(known[1], np.uint8)
                        if is_settled and self._store:
                            settled[_name(paths[place])] = known
                    if len(settled) >= _BLOCK or time.monotonic() - kept > _KEEP_SECONDS:
                        self._keep(settled)
                        kept = time.monotonic()
                    advance("")
        finally:
            self._keep(settled)

    def _keep(self, settled: dict[str, Known]) -> None:
        """Write what is settled, and forget it."""
        if self._store and settled:
            self._store.keep(settled)
        settled.clear()

    def _hash_file(self, path: str, advice: str) -> tuple[Known, bool]:
        """The hash of a file with its stamp, and whether it can be believed the next time."""
        before = self._clock() - SETTLED_NS
        try:
            stamp, sha256, same = _read(path)
        except (OSError, ValueError):
            with reading(Path(path), advice):
                raise
        return (stamp, sha256), same and max(stamp[1:]) < before


def _read(path: str) -> tuple[Stamp, bytes, bool]:
    """Stamp and hash of a regular file, and whether it stayed as it was meanwhile.

    On the system's own calls: small files take a quarter of the time of `Path.open` and `hashlib.file_digest`.
    """
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe without a writer opens at once
    try:
        status = os.fstat(file)
        size, total = require_regular_status(status), hashlib.sha256()
        while part := os.read(file, min(size + 1, _READ_BYTES)):
            total.update(part)
        return _stamp(status), total.digest(), _stamp(status) == _stamp(os.fstat(file))
    finally:
        os.close(file)


def _name(path: str) -> str:
    """Under which a file is kept; links are not resolved, as what they lead to has its own stamp."""
    return os.path.abspath(path)  # noqa: PTH100


def _stamps(names: Sequence[str], advice: str) -> list[Stamp]:
    found = []
    for name in names:
        try:
            found.append(_stamp(os.stat(name)))  # noqa: PTH116 (a million `Path`s take seconds)
        except (OSError, ValueError):
            with reading(Path(name), advice):
                raise
    return found


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
