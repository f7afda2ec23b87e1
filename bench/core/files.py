"""Atomic files: a reader sees the old content or the new one, never half; a full disk leaves no trace."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from bench.core.errors import StorageError


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
        temporary.chmod(0o644)
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
    """A new file in the folder of `path`, which is made if need be: twice, where `bench data clean` takes it away."""

    def made() -> IO[bytes]:
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)

    try:
        return made()
    except FileNotFoundError:
        return made()


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically; see `write_atomic`."""
    write_atomic(path, lambda file: file.write(text.encode()))


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
