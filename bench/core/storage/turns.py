"""Taking turns: two commands that would do the same work do it once."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bench.core.console import Report
from bench.core.errors import StorageError
from bench.core.files import write_text

_POLL_SECONDS = 0.5
_BRIEF_SECONDS = 0.2
"""For so long a lock may be held by one that only looks whether it is, see `is_taken`."""


@dataclass(frozen=True)
class Owner:
    """Who holds a lock; written beside it, for people. Whether it is held, the lock alone says."""

    pid: int
    host: str
    since: str
    what: str

    @classmethod
    def here(cls, what: str) -> Owner:
        """This process."""
        return cls(os.getpid(), socket.gethostname(), datetime.now().astimezone().isoformat(timespec="seconds"), what)

    @classmethod
    def of(cls, lock_file: Path) -> Owner | None:
        """Who wrote that it holds a lock; None where nobody did."""
        try:
            return cls(**json.loads(_owner_file(lock_file).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, which has done this since {self.since}"


def _owner_file(lock_file: Path) -> Path:
    return lock_file.with_suffix(".owner")


@contextmanager
def one_at_a_time(lock_file: Path, what: str, report: Report) -> Iterator[None]:
    """Hold a lock while inside; where another process has it, say which, and wait until it ends, however it ends.

    The lock is the operating system's (flock), so that a process that was killed holds nothing. Its file stays, for
    whoever waits has it open already; the file beside it with the owner goes. Where a lock cannot be had (a file system
    without locks, a folder that cannot be written), nobody waits. `what` names the work for people.
    """
    lock = FileLock(lock_file)
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=_BRIEF_SECONDS, poll_interval=_BRIEF_SECONDS / 10)
        except Timeout:
            report.say(f"  {what}: waiting for {Owner.of(lock_file) or 'another process'}")
            lock.acquire(poll_interval=_POLL_SECONDS)
        _take_over(lock_file, what, report)
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            _owner_file(lock_file).unlink()
        lock.release()


def _take_over(lock_file: Path, what: str, report: Report) -> None:
    """Write down who holds a lock now, and say where one before did not give it back."""
    before, here = Owner.of(lock_file), Owner.here(what)
    if before is not None and before.host != here.host:
        report.warn(
            f"{what}: {before}, did not end it. It was killed, or this folder has no locks that hold between machines "
            f"(docs/cluster.md): {lock_file.parent}"
        )
    elif before is not None:
        report.say(f"  {what}: process {before.pid} was killed while it did this; this one goes on")
    with suppress(StorageError):
        write_text(_owner_file(lock_file), json.dumps(asdict(here)))


def is_taken(lock_file: Path) -> bool:
    """Whether another process holds a lock."""
    if not lock_file.exists():
        return False
    lock = FileLock(lock_file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    lock.release()
    return False
