"""Digests: the one hash of values, and files whose end is a digest of all before it.

Identities, fingerprints and names of cached files are made with the first. The second are sealed: BLAKE2b of 128 bits
over content and name, checked when a file is read. A flipped bit, zeroed blocks and a lost end are seen for sure, and a
sound file in another's place too. It reads more than 1 GB a second on one core.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from bench.core.files import write_atomic
from bench.core.reading import Unusable, require_regular

_MARK = b"bench sealed 01\n"
"""16 bytes before the digest (16 bytes); other numbers are other forms."""
_BLOCK_BYTES = 2**20


def digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON-serialisable value, independent of key order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Sealing:
    """A file to write to, which keeps the digest of what was written."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._digest = file, _digest_of(name)

    def write(self, content: bytes | bytearray | memoryview) -> int:
        """Write and digest."""
        self._digest.update(content)
        return self._file.write(content)

    def seal(self) -> None:
        """Write the last 32 bytes."""
        self._file.write(_MARK + self._digest.digest())


def write_sealed(path: Path, name: str, write: Callable[[Sealing], object], *, durable: bool = True) -> None:
    """Write a file atomically, with its seal. `name` is what the file is read by. Raises as `write_atomic` does."""

    def sealed(file: IO[bytes]) -> None:
        sealing = Sealing(file, name)
        write(sealing)
        sealing.seal()

    write_atomic(path, sealed, durable=durable)


def require_sealed(path: Path, name: str) -> None:
    """Read a file in blocks, and raise `Unusable` unless it is as `write_sealed` wrote it; `OSError` else."""
    left = require_regular(path) - len(_MARK) - 16
    digest = _digest_of(name)
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(left, _BLOCK_BYTES))):
            digest.update(block)
            left -= len(block)
        if file.read() != _MARK + digest.digest():
            raise Unusable("its content and its digest differ")


def _digest_of(name: str) -> hashlib.blake2b:
    return hashlib.blake2b(name.encode() + b"\n", digest_size=16)
