"""What is worth knowing of a file that is read all the same: counted by `bench data verify`, said once by a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from bench.core.console import Report
from bench.core.escape import one_line


class Remark(NamedTuple):
    """One remark on one file."""

    what: str
    """What was found and done; the same text for every such file."""
    path: Path


_COLLECTED: ContextVar[list[Remark] | None] = ContextVar("collected", default=None)
_SAID: set[str] = set()


def remark(path: Path, what: str) -> None:
    """Remark on a file: to whoever collects remarks in this thread, else as a warning, once per process and `what`."""
    found = _COLLECTED.get()
    if found is not None:
        found.append(Remark(what, path))
    elif what not in _SAID:
        _SAID.add(what)
        Report().warn(f"{one_line(path)}: {what}. This is said once; `bench data verify` counts such files.")


@contextmanager
def collected_remarks() -> Iterator[list[Remark]]:
    """Collect the remarks of this thread, instead of printing them, while the block runs."""
    found: list[Remark] = []
    token = _COLLECTED.set(found)
    try:
        yield found
    finally:
        _COLLECTED.reset(token)


def count_remarks(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """One sentence per `what`: how many files, and the first of them."""
    files: dict[str, dict[Path, None]] = {}
    for one in remarks:
        files.setdefault(one.what, {})[one.path] = None
    return tuple(f"{len(paths)} files: {what}; first {one_line(next(iter(paths)))}." for what, paths in files.items())
