"""Arrays on disk: each case is decoded, and each image embedded, once for any number of epochs, runs and processes.

One `.npy` file per array under a folder of the cache such as `<cache>/decoded/`, opened memory-mapped. Files are
written atomically, so processes may share the folder; deleting any of it, at any time, costs only the time to make it
again. Each has a checksum, which a process checks when it first reads it: what is damaged is made again.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from bench.core.cache_folder import INDEX
from bench.core.console import Report
from bench.core.errors import StorageError, UsageError
from bench.core.files import UNFINISHED, paths_below, sweep, write_atomic
from bench.core.reading import reason_of
from bench.core.storage.checked_array import check_array, write_array
from bench.data.cache_users import FOLDER as USERS
from bench.data.cache_users import CacheUser

FOLDER = "decoded"
EMBEDDINGS = "embeddings"
ADAPTATIONS = "adaptations"
"""Folders of the cache; the last has states of unfinished adaptations, which `resume.py` writes."""
LIMIT_VARIABLE = "BENCH_DECODED_GIB"
"""Environment variable that bounds each folder, in GiB."""
LIMIT_GIB = 32.0
_FREED_AT_ONCE = 0.05
"""Share of the bound that is freed when it is reached."""
_FULL_SECONDS = 30.0
_CLOCK_SECONDS = 1.0
"""File times may lag behind the clock by less than this."""


class DiskCache:
    """Arrays by key under one folder, bounded.

    When the bound is reached, files that no running command used are deleted, longest unused first; if that is not
    enough, the array is not kept. Two processes that write at the same time may go over the bound by what one of them
    writes.

    Raises:
        UsageError: `LIMIT_VARIABLE` is not a positive number.
    """

    def __init__(self, folder: Path, report: Report | None = None, done: str = "decoded") -> None:
        self.folder = folder
        self.done = done
        """What was done to what is kept: `decoded` or `embedded`."""
        self.limit_bytes = _limit_bytes()
        self._report = report
        self._user = CacheUser(folder)
        self._used: int | None = None
        self._touched: set[str] = set()
        self.failed = self.damaged = False
        """Whether an array could not be stored, or read."""
        self._full = (0.0, 0.0)
        """Until when it counts as full, and since when the earliest command runs that uses it."""
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], np.ndarray], *, required: bool = False) -> np.ndarray:
        """The array of a key, memory-mapped and read-only; made and stored if it is not there.

        Where it cannot be stored (bound reached, disk full), it is returned from memory with one warning.

        Raises:
            StorageError: it cannot be stored and is `required` to be.
        """
        self._user.register()
        path = self._path(key)
        found = self._open(path, key)
        if found is not None:
            return found
        array = make()
        try:
            self._store(path, array, key)
        except StorageError as error:
            if required:
                raise
            self._warn(str(error))
            return array
        stored = self._open(path, key)
        return array if stored is None else stored

    def has(self, key: str) -> bool:
        """Whether the array of a key is there, and undamaged."""
        return self._open(self._path(key), key) is not None

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npy"

    def _open(self, path: Path, key: str) -> np.ndarray | None:
        try:
            if key not in self._touched:
                check_array(path, key)
                with suppress(OSError):  # a cache that may only be read
                    os.utime(path)
            array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
            self._touched.add(key)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError) as error:  # from a broken disk, a power cut, or an earlier version
            self._say_damaged(path, error)
            return None
        return array

    @property
    def _used_bytes(self) -> int:
        """Bytes in the folder, which is listed when it is first asked for: it may have a million files."""
        if self._used is None:
            self._used = sum(size for _, size, _ in self._files())
        return self._used

    @_used_bytes.setter
    def _used_bytes(self, n_bytes: int) -> None:
        self._used = n_bytes

    def _say_damaged(self, path: Path, error: Exception) -> None:
        with self._lock:
            first, self.damaged = not self.damaged, True
        if first and self._report:
            self._report.warn(
                f"{path} is damaged, or of an earlier version ({reason_of(error)}), and is made again; so are others "
                "like it, without a word."
            )

    def _store(self, path: Path, array: np.ndarray, key: str) -> None:
        with self._lock:
            if self._used_bytes + array.nbytes > self.limit_bytes:
                self._make_room(array.nbytes)
            self._used_bytes += array.nbytes
        write_atomic(path, lambda file: write_array(file, array, key), durable=False)

    def _make_room(self, wanted_bytes: int) -> None:
        """Delete unused files until a share of the bound is free, so that the folder is listed once for many arrays.

        Where there was nothing to delete, the folder counts as full for a while, or until another command ends, without
        being listed.
        """
        full_until, since = self._full
        if time.monotonic() >= full_until or self._user.earliest() != since:
            self._delete_unused(max(wanted_bytes, int(_FREED_AT_ONCE * self.limit_bytes)))
        if self._used_bytes + wanted_bytes > self.limit_bytes:
            self._full = (time.monotonic() + _FULL_SECONDS, self._user.earliest())
            raise StorageError(
                f"{self.folder}: the {self.done} data needs more than its limit of {self.limit_bytes / 2**30:.3g} GiB. "
                f"Raise the limit with {LIMIT_VARIABLE}=GIB, or name another folder with --cache."
            )

    def _delete_unused(self, wanted_bytes: int) -> None:
        files = sorted(self._files())
        self._used_bytes = sum(size for _, size, _ in files)
        in_use = self._user.earliest() - _CLOCK_SECONDS
        for used_at, size, path in files:
            if self._used_bytes + wanted_bytes <= self.limit_bytes or used_at >= in_use:
                break
            if path.stem in self._touched:
                continue
            path.unlink(missing_ok=True)
            self._used_bytes -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """(time of last use, bytes, path) of every stored array."""
        for path in paths_below(self.folder):
            if path.suffix != ".npy":
                continue
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            yield status.st_mtime, status.st_size, path

    def _warn(self, text: str) -> None:
        with self._lock:
            first, self.failed = not self.failed, True
        if first and self._report:
            self._report.warn(f"{text} Until then, cases are {self.done} each time they are used.")


def clean(cache: Path) -> tuple[int, int]:
    """Delete every array, embedding, index and state of an unfinished adaptation under a cache folder, and leftovers.

    A command that runs meanwhile keeps its lock, and what it writes meanwhile stays. Returns (files, bytes) deleted.
    Raises `StorageError`.
    """
    files = size = 0
    folders = (FOLDER, EMBEDDINGS, ADAPTATIONS, INDEX)
    for path in (p for name in folders for p in paths_below(cache / name)):
        if path.name.endswith(UNFINISHED):
            continue
        if path.suffix == ".lock" and path.parent.name == USERS:
            continue
        try:
            freed = _delete(path)
        except OSError as error:
            why = f"cannot be deleted: {error.strerror}. Check the folder's permissions."
            raise StorageError(f"{path}: {why}") from error
        files += freed is not None
        size += freed or 0
    swept = sweep(cache)
    return files + swept[0], size + swept[1]


def _delete(path: Path) -> int | None:
    """Delete a file or an empty folder; the file's size, or None where it is a folder, gone or in use again."""
    try:
        if path.is_dir():
            path.rmdir()
            return None
        size = path.stat().st_size
        path.unlink()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            raise
        return None
    return size


def _limit_bytes() -> int:
    text = os.environ.get(LIMIT_VARIABLE, "").strip() or str(LIMIT_GIB)
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0 < limit < float("inf"):
        raise UsageError(f"{LIMIT_VARIABLE}={text!r}: expected a positive number of GiB, for example {LIMIT_GIB:g}.")
    return int(limit * 2**30)
