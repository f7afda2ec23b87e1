"""Taking turns: two commands that would do the same work do it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_POLL_SECONDS = 0.5


@contextmanager
def one_at_a_time(lock_file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock while inside; where another process has it, call `waiting` and wait until it ends, however it ends.

    Where a lock cannot be had (a file system without locks, a folder that cannot be written), nobody waits.
    """
    lock = FileLock(lock_file)
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            waiting()
            lock.acquire(poll_interval=_POLL_SECONDS)
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()
        lock_file.unlink(missing_ok=True)
