"""Opening files that this program did not write: whatever goes wrong is one `BenchError` that names the file.

Only regular files are opened, what does not fit into memory is not read, and hashes are made in blocks.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import stat
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from bench.core.errors import BenchError, DataError
from bench.core.escape import one_line

_CGROUP = Path("/sys/fs/cgroup")
_MOST_DIGITS = 4000
"""Of a whole number in JSON; Python itself refuses more than 4300."""


class Unusable(ValueError):
    """Why a file cannot be used; `reading` makes an error of it."""


@contextmanager
def reading(
    path: Path, advice: str, error: type[BenchError] = DataError, *, what: str = "cannot be read"
) -> Iterator[None]:
    """Whatever fails inside, while a file from outside is opened and understood, becomes one `error`.

    Its text is the file, `what`, the reason, and on a second line `advice`: what to do. A `BenchError` passes as it is.
    """
    try:
        yield
    except BenchError:
        raise
    except Exception as found:  # parsers and decoders raise many types
        what = "cannot be read" if isinstance(found, OSError) else what
        raise error(f"{one_line(path)}: {what}: {reason_of(found)}.\n{advice}") from found


def reason_of(error: BaseException) -> str:
    """Why a file could not be used, as one line without its name."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte 0x{error.object[error.start]:02x} at position {error.start} is not {error.encoding.upper()} text"
    if isinstance(error, UnicodeEncodeError):
        return "its name is no valid text"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    lines = str(error).strip().splitlines()
    return one_line(lines[0]).rstrip(".")[:300] if lines else type(error).__name__


def require_regular(path: Path) -> int:
    """Size of a file in bytes, links followed. Raises `Unusable` for devices, pipes and folders, `OSError` else."""
    return require_regular_status(path.stat())


def require_regular_status(status: os.stat_result) -> int:
    """As `require_regular`, of what the system says of a file."""
    if stat.S_ISDIR(status.st_mode):
        raise Unusable("it is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise Unusable("it is no regular file (a device, pipe or socket)")
    return status.st_size


def require_memory(n_bytes: float, what: str = "it") -> None:
    """Raise `Unusable` where something of this size does not fit into the memory that is free now."""
    free = free_bytes()
    if n_bytes > free:
        raise Unusable(f"{what} needs {n_bytes / 2**30:.1f} GiB of memory, and {free / 2**30:.1f} GiB are free")


def free_bytes() -> int:
    """Memory that this process may still take: free on the machine, and within its own limits."""
    free = [psutil.virtual_memory().available]
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        free.append(limit - psutil.Process().memory_info().vms)
    with suppress(OSError, ValueError):  # no group, or one without a limit
        used, most = ((_CGROUP / f"memory.{name}").read_text() for name in ("current", "max"))
        free.append(int(most) - int(used))
    return max(min(free), 0)


def content_of(path: Path, *, memory: float = 2.0) -> bytes:
    """Content of a regular file whose size times `memory` fits. Raises `OSError` or `Unusable`."""
    require_memory(memory * require_regular(path))
    return path.read_bytes()


def text_of(path: Path, encoding: str = "utf-8-sig") -> str:
    """Text of a file, with any line ends as they are. Raises as `content_of` does, and `UnicodeDecodeError`."""
    return content_of(path, memory=8.0).decode(encoding)


def hash_of(path: Path) -> str:
    """SHA-256 (hex) of a regular file, read in blocks. Raises `OSError` or `Unusable`."""
    require_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_of(text: str | bytes, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a JSON text, NaN and Infinity among its numbers. Raises `ValueError` or `RecursionError`."""
    return json.loads(text, object_pairs_hook=pairs, parse_int=_whole)


def toml_of(text: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises `ValueError` or `RecursionError`."""
    return tomllib.loads(text.replace("\r\n", "\n"))


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise Unusable(f"a number has {len(digits)} digits")
    return int(digits)


def require_content(path: Path) -> None:
    """Raise `DataError` where an owner's file is not there, and `Unusable` where it is empty or not a regular file."""
    try:
        size = require_regular(path)
    except FileNotFoundError as error:
        raise DataError(f"{one_line(path)}: there is no such file.\nRestore it from the owner's archive.") from error
    if size == 0:
        raise Unusable("the file is empty (0 bytes)")


_JUNK = frozenset({"thumbs.db", "desktop.ini", "__macosx", "@eadir"})
"""Names in lower case."""


def is_junk(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or left behind by an operating system or archive program."""
    return name.startswith(".") or name.lower() in _JUNK


def files_below(folder: Path) -> Iterator[str]:
    """Path of every regular file below a folder that is no junk, sorted by the names on its way.

    Linked folders are followed, each folder once, so that loops end. Paths are texts: there may be a million.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    yield from _files_below(str(folder), {_place(folder)})


def _files_below(folder: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    with os.scandir(folder) as entries:
        found = sorted((entry for entry in entries if not is_junk(entry.name)), key=lambda entry: entry.name)
    for entry in found:
        try:
            is_folder = entry.is_dir()
            if not is_folder and entry.is_file():
                yield entry.path
            place = _place(Path(entry.path)) if is_folder else None
        except OSError:  # a link to itself
            continue
        if place and place not in seen:
            seen.add(place)
            yield from _files_below(entry.path, seen)


def _place(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
