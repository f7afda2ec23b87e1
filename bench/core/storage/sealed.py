"""Files of this program that hold a digest of themselves, so that what was damaged is never taken for what was kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bench.core.files import write_atomic
from bench.core.reading import Unusable, content_of

MARK = b"bench-sealed-1\n"
_DIGEST_BYTES = 32


def write_sealed(path: Path, content: bytes | memoryview) -> None:
    """Write a content after its SHA-256, atomically. Raises `StorageError` as `write_atomic` does."""
    digest = hashlib.sha256(content).digest()
    write_atomic(path, lambda file: file.writelines((MARK, digest, content)))


def read_sealed(path: Path) -> bytes:
    """The content that `write_sealed` wrote.

    Raises:
        OSError: the file cannot be read.
        Unusable: it has another form, or another content than when it was written.
    """
    whole = content_of(path)
    start = len(MARK) + _DIGEST_BYTES
    if not whole.startswith(MARK):
        raise Unusable("it is not a file of this program, or the beginning of it is damaged")
    content = whole[start:]
    if hashlib.sha256(content).digest() != whole[len(MARK) : start]:
        raise Unusable("its content is not the one that was written")
    return content
