"""Who uses a folder of the cache right now: every running command holds a lock there until it ends, however it ends."""

from __future__ import annotations

import os
import time
import uuid
import weakref
from pathlib import Path

from filelock import FileLock, Timeout

from bench.core.files import paths_below

FOLDER = "users"
"""Folder of the locks, beside what is kept. A file is named by the nanosecond at which its command began."""


class CacheUser:
    """This command's lock on a folder, held from `register` until the object is gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER
        self.start = time.time()
        self._registered = False

    def register(self) -> None:
        """Take the lock, once; a folder that cannot be written is used without."""
        if self._registered:
            return
        self._registered = True
        path = self.folder / f"{int(self.start * 1e9)}-{uuid.uuid4().hex}.lock"
        lock = FileLock(path)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
        except OSError:
            return
        weakref.finalize(self, _release, lock, path, os.getpid())

    def earliest(self) -> float:
        """When the earliest command began that still runs, this one included (seconds since the epoch).

        Locks that nobody holds, of commands that were killed, are removed.
        """
        starts = [self.start]
        for path in (p for p in paths_below(self.folder) if p.suffix == ".lock"):
            lock = FileLock(path)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                starts.append(int(path.name.partition("-")[0]) / 1e9)
            except OSError:
                continue
            else:
                _release(lock, path, os.getpid())
        return min(starts)


def _release(lock: FileLock, path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked loader shares the lock, and must not give it back
        lock.release()
        path.unlink(missing_ok=True)
