"""Decoded images on disk: a file decoded in one run is decoded in no later one. Deleting the folder is always safe."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Hashable
from pathlib import Path

import numpy as np

from bench.identity import digest

DISK_LIMIT_BYTES = 20 * 2**30
"""Disk for decoded images; images beyond it are decoded each time. Processes that fill it together may pass it."""
_VERSION = 1
"""Raised whenever the pixels that are kept change: the decoder, the conversion to RGB, the shrinking."""


class DecodedFiles:
    """8-bit images (H, W, 3) as one `.npy` file each, named by content and size; safe for threads and processes.

    A file appears under its name only when it is whole; one that cannot be read counts as absent. Nothing here raises:
    when a write fails, `problem` says why and no further write is tried.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problem: str | None = None
        """Why writing stopped."""
        self.told = False
        """Whether the user heard of the problem."""
        self._used_bytes: int | None = None
        self._lock = threading.Lock()

    @property
    def writable(self) -> bool:
        """Whether another image may be written."""
        return self.problem is None and self._used() < DISK_LIMIT_BYTES

    def load(self, key: Hashable, shorter_side: int) -> np.ndarray | None:
        """The image of a key, or None."""
        try:
            array: np.ndarray = np.load(self._path(key, shorter_side), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return array if array.dtype == np.uint8 and array.ndim == 3 else None

    def store(self, key: Hashable, shorter_side: int, array: np.ndarray) -> None:
        """Keep an image, unless the limit is reached or an earlier write failed."""
        if not self.writable:
            return
        path = self._path(key, shorter_side)
        temporary: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
                temporary = Path(file.name)
                np.save(file, array)
            temporary.replace(path)  # without fsync: a file that a power cut damages is decoded again
        except OSError as error:
            self.problem = f"{self.folder} cannot be written ({error.strerror or error})"
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
        with self._lock:
            self._used_bytes = self._used() + array.nbytes

    def _path(self, key: Hashable, shorter_side: int) -> Path:
        name = digest([_VERSION, shorter_side, repr(key)])
        return self.folder / name[:2] / f"{name}.npy"

    def _used(self) -> int:
        if self._used_bytes is None:
            self._used_bytes = disk_bytes(self.folder)
        return self._used_bytes


def disk_bytes(folder: Path) -> int:
    """Bytes of the decoded images in `folder`, 0 where there is none."""
    total = 0
    for path in folder.glob("*/*.npy"):
        try:
            total += path.stat().st_size
        except OSError:  # deleted meanwhile
            continue
    return total


def delete_decoded(folder: Path) -> int:
    """Delete all decoded images; returns the bytes freed. A run that uses them at this moment decodes again."""
    freed = disk_bytes(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return freed
