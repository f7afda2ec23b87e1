"""Atomic files: a reader sees the old content or the new one, never half; a full disk leaves no trace."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from bench.core.errors import StorageError

UNFINISHED = ".part"
"""End of the names of files that are being written, which begin with a dot."""
_NEW = ".new"
"""End of their names until they are locked."""
_TRIES = 100
NEW_SECONDS = 60.0
"""For so long a file may be there before its lock is."""


def write_atomic(path: Path, write: Callable[[IO[bytes]], object], *, durable: bool = True) -> None:
    """Write a file through a temporary neighbour and rename it into place.

    With `durable`, its content is on the disk when this returns; without, a power cut may damage it.

    Raises:
        StorageError: the folder cannot be written or the disk is full; `path` is as it was.
    """
    temporary: Path | None = None
    try:
        with _neighbour(path) as file:
            temporary = Path(file.name)
            write(file)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    except RuntimeError as error:  # torch reports a failed write of its archive this way
        raise StorageError(
            f"Could not write {path}: {error}. Free some space and run the same command again."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _neighbour(path: Path) -> IO[bytes]:
    """A new file in the folder of `path`, which is made if need be, and again where `bench data clean` takes it away.

    It is locked as long as it is open, and gets the permissions that the umask leaves.
    """
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            return _made(path)
    return _made(path)


def _made(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.parent / f".{path.name}.{secrets.token_hex(4)}{UNFINISHED}"
    return open(name, "xb", opener=_open_locked)


def _open_locked(name: str, flags: int) -> int:
    """Make a file that is locked before it has its name, so that one without a lock is nobody's."""
    new = name.removesuffix(UNFINISHED) + _NEW
    handle = os.open(new, flags, 0o666)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(new, name)  # noqa: PTH104 (what `open` hands over is a text)
    except BaseException:
        os.close(handle)
        Path(new).unlink(missing_ok=True)
        raise
    return handle


def paths_below(folder: Path) -> Iterator[Path]:
    """Every file and folder below a folder, a folder after what is in it; what others delete meanwhile is left out."""
    for place, folders, files in os.walk(folder, topdown=False):
        yield from (Path(place, name) for name in (*files, *folders))


def leftovers(folder: Path) -> Iterator[Path]:
    """Files below a folder that a killed command was writing: nobody holds them."""
    for path in sorted(p for p in paths_below(folder) if p.name.startswith(".") and p.suffix in (UNFINISHED, _NEW)):
        with suppress(OSError):
            if path.suffix == _NEW and time.time() - path.stat().st_mtime < NEW_SECONDS:
                continue
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield path


def sweep(folder: Path) -> tuple[int, int]:
    """Delete the leftovers below a folder; (files, bytes) deleted. What cannot be deleted stays."""
    files = size = 0
    for path in leftovers(folder):
        with suppress(OSError):
            n_bytes = path.stat().st_size
            path.unlink()
            files, size = files + 1, size + n_bytes
    return files, size


def write_together(contents: Mapping[Path, bytes], remove: Iterable[Path] = ()) -> None:
    """Write all of these files, in their order, and delete others; where one cannot be written, none is.

    Each is written atomically. A command that is killed in between leaves whole files, and what is missing.

    Raises:
        StorageError: as `write_atomic`; every file is as it was.
    """
    remove = list(remove)
    before = {path: path.read_bytes() if path.is_file() else None for path in (*contents, *remove)}
    changed: list[Path] = []
    try:
        for path, content in contents.items():
            changed.append(path)
            write_atomic(path, partial(_write, content))
        for path in remove:
            changed.append(path)
            path.unlink(missing_ok=True)
    except BaseException:
        for path in sorted(changed, key=lambda one: before[one] is not None):  # what frees space comes first
            _put_back(path, before[path])
        raise


def _write(content: bytes, file: IO[bytes]) -> None:
    file.write(content)


def _put_back(path: Path, content: bytes | None) -> None:
    with suppress(OSError, StorageError):
        if content is None:
            path.unlink(missing_ok=True)
        elif path.read_bytes() != content:
            write_atomic(path, partial(_write, content))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically; see `write_atomic`. A file that has this text is left alone."""
    content = text.encode()
    with suppress(OSError):
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return
    write_atomic(path, lambda file: file.write(content))


def require_writable(folder: Path, what: str) -> None:
    """Check, without leaving anything behind, that files can be made under `folder` (which may not exist yet)."""
    try:
        existing = folder
        while not existing.exists():
            existing = existing.parent
    except (OSError, ValueError) as error:  # a name that is too long, or holds a NUL
        reason = OSError(getattr(error, "errno", None) or 22, getattr(error, "strerror", None) or str(error))
        raise unwritable(folder, reason) from error
    if not existing.is_dir():
        raise StorageError(f"The {what} folder {folder} cannot be made: {existing} is a file. Name another folder.")
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"0" * 4096)
            file.flush()
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(path: Path, error: OSError) -> StorageError:
    """The one message for a write the operating system refused."""
    return StorageError(
        f"Could not write {path}: {error.strerror or error}. Free some space or check the folder's permissions, then "
        "run the same command again; what was finished before is kept."
    )
