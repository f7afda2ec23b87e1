"""An index of a store: what boards read of each record, kept in the cache and read again only where files changed.

The index is a copy. A record is checked in full whenever its files are new or have another size or time, and deleting
the index costs only the time to make it again.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pandas as pd

from bench.core.errors import StorageError
from bench.core.files import write_atomic
from bench.results.frame import RUN, frame_of, located, row_of
from bench.results.statistics.agreement import read_checked
from bench.results.statistics.kept import cache_file
from bench.results.store import InvalidRecord, Problem, Store

SHARED_FROM = 4000
"""Files from which reading is shared among processes, whose start takes half a second."""
FROM_FILES = 200
"""Stores with fewer records are read whole, and have no index."""
Found = tuple[str, str | None, str]
"""Path, row as JSON or None, and why it is no record."""
_VERSION = 7
"""Raised whenever `row_of` gives other columns."""


def read_frame(store: Store, cache: Path | None = None) -> tuple[pd.DataFrame, list[Problem]]:
    """The frame of `leaderboard.to_frame` of all valid records, with their `path`, and the files that are none.

    The index lies in the cache folder; one that cannot be written or read is made again the next time.
    """
    stamps = dict(_stamps(store.runs))
    file = index_file(store.results, cache) if len(stamps) >= FROM_FILES else None
    kept = _read(file) if file else {}
    known = {path: row for path, (stamp, row) in kept.items() if stamps.get(path) == stamp}
    fresh = sorted(stamps.keys() - known.keys())
    problems = []
    for path, row, reason in read_rows(store, fresh):
        if row is None:
            problems.append(Problem(store.runs / path, reason))
        else:
            known[path] = row
    if file and (fresh or len(kept) != len(known)):
        _write(file, {path: (stamps[path], row) for path, row in known.items()})
    rows = {path: json.loads(known[path]) for path in sorted(known)}
    for problem in repeated(store, rows):
        problems.append(problem)
        del rows[problem.path.relative_to(store.runs).as_posix()]
    return located(frame_of(list(rows.values())), [store.runs / p for p in rows], store.results, cache), problems


def repeated(store: Store, rows: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """Records of a run that another record is of, too: all but the first where it is the same run, else all of them."""
    reasons: dict[str, str] = {}
    runs: dict[tuple[Any, ...], list[str]] = {}
    for path, row in rows.items():
        runs.setdefault(tuple(row[name] for name in RUN), []).append(path)
    for paths in (paths for paths in runs.values() if len(paths) > 1):
        for path in paths:
            other = paths[0] if path != paths[0] else paths[1]
            reasons[path] = (
                f"{other} has the same method, settings and seed, and another identity; remove the outdated one"
            )
    known: dict[str, str] = {}
    for path, row in rows.items():
        first = known.setdefault(row["identity"], path)
        if first != path:
            reasons.setdefault(path, f"its identity is that of {first}, which counts; remove this one")
    return [Problem(store.runs / path, reason) for path, reason in reasons.items()]


def index_file(results: Path, cache: Path | None = None) -> Path:
    """Where the index of a results folder lies."""
    return cache_file(results, cache)


def read_rows(store: Store, paths: Sequence[str]) -> list[Found]:
    """The rows of files of a store; many are shared among processes, one for each processor."""
    processes = os.cpu_count() or 1
    if len(paths) < SHARED_FROM or processes == 1 or not sys.executable:
        return _read_some(store, paths)
    own, *others = (paths[i::processes] for i in range(processes))
    with ExitStack() as stack:
        started = [_start(store, part, stack) for part in others]
        found = _read_some(store, own)
        for part, (process, output) in zip(others, started, strict=True):
            done = process.wait() == 0
            output.seek(0)
            found += [tuple(row) for row in json.load(output)] if done else _read_some(store, part)
    return found


def _start(store: Store, paths: Sequence[str], stack: ExitStack) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """A process of this Python that reads some files; what it finds is in the second when it has ended."""
    given = stack.enter_context(TemporaryFile())  # noqa: SIM115 - the stack closes it
    output = stack.enter_context(TemporaryFile())  # noqa: SIM115
    given.write(json.dumps([str(store.results.resolve()), *paths]).encode())
    given.seek(0)
    code = f"from {__name__} import serve; serve()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=given, stdout=output)
    return stack.enter_context(process), output


def serve() -> None:
    """What such a process does: JSON with the results folder and paths comes in, JSON with their rows goes out."""
    results, *paths = json.load(sys.stdin)
    json.dump(_read_some(Store(Path(results)), paths), sys.stdout)


def _read_some(store: Store, paths: Sequence[str]) -> list[Found]:
    found: list[Found] = []
    for path in paths:
        try:
            found.append((path, json.dumps(row_of(read_checked(store, store.runs / path))), ""))
        except InvalidRecord as error:
            found.append((path, None, str(error)))
    return found


def _stamps(folder: Path) -> Iterator[tuple[str, str]]:
    """(path below the folder, sizes and times of the record and of its cases) of each file that should be a record."""
    waiting = [folder]
    while waiting:
        try:
            entries = {entry.name: entry for entry in os.scandir(waiting.pop()) if not entry.name.startswith(".")}
        except OSError:
            continue
        for name, entry in entries.items():
            if entry.is_dir():
                waiting.append(Path(entry.path))
            elif entry.is_file() and not name.endswith(".parquet"):
                files = (entry, entries.get(f"{name.rpartition('.')[0]}.parquet"))
                found = [file.stat() for file in files if file is not None]
                stamp = " ".join(f"{s.st_size}:{s.st_mtime_ns}" for s in found)
                yield Path(entry.path).relative_to(folder).as_posix(), f"{_VERSION} {stamp}"


def _read(file: Path) -> dict[str, tuple[str, str]]:
    """Path -> (stamp, row as JSON); empty where there is no readable index."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        columns = pq.read_table(
            io.BytesIO(file.read_bytes()), columns=["path", "stamp", "row"], page_checksum_verification=True
        ).to_pydict()
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return {}
    pairs = zip(columns["stamp"], columns["row"], strict=True)
    return dict(zip(columns["path"], pairs, strict=True))


def _write(file: Path, entries: dict[str, tuple[str, str]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stamps, rows = zip(*entries.values(), strict=True) if entries else ((), ())
    table = pa.table({"path": list(entries), "stamp": list(stamps), "row": list(rows)})
    try:
        write_atomic(
            file, lambda out: pq.write_table(table, out, compression="zstd", write_page_checksum=True), durable=False
        )
    except StorageError:
        return  # a copy; without it the next command reads the records again
