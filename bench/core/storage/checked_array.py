"""Arrays on disk with a checksum: a `.npy` file that any reader takes, and after it eight bytes of mark and CRC-32.

The checksum is of the array's key as well, so that a sound file under another's name is not taken for it.
"""

from __future__ import annotations

import mmap
import zlib
from pathlib import Path
from typing import IO

import numpy as np

MARK = b"CRC1"
_BYTES = len(MARK) + 4


class Damaged(ValueError):
    """A file that does not hold what was written."""


class _Counted:
    """A file that is written to, and the checksum of what was."""

    def __init__(self, file: IO[bytes], crc: int) -> None:
        self.file, self.crc = file, crc

    def write(self, content: bytes) -> int:
        self.crc = zlib.crc32(content, self.crc)
        return self.file.write(content)


def write_array(file: IO[bytes], array: np.ndarray, key: str) -> None:
    """Write an array and the checksum of it and its key."""
    counted = _Counted(file, zlib.crc32(key.encode()))
    np.save(counted, array, allow_pickle=False)
    file.write(MARK + counted.crc.to_bytes(4, "little"))


def check_array(path: Path, key: str) -> None:
    """Raise `Damaged` where a file is not what `write_array` wrote of a key; `OSError` where it cannot be read."""
    with path.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise Damaged("it is empty") from error
        with content, memoryview(content) as view:
            end = len(view) - _BYTES
            if end < 0 or bytes(view[end : end + len(MARK)]) != MARK:
                raise Damaged("its end is missing")
            with view[:end] as written:
                if zlib.crc32(written, zlib.crc32(key.encode())) != int.from_bytes(view[end + len(MARK) :], "little"):
                    raise Damaged("its content is not the one that was written")
