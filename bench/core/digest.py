"""The one hash of values: identities, fingerprints and names of cached files are made with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

_BLOCK = 10_000
"""Values whose text is held in memory at once."""


def digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON-serialisable value, independent of key order."""
    return hashlib.sha256(_text(value).encode()).hexdigest()


def digest_of_list(values: Iterable[Any], *after: Any) -> str:
    """`digest(list(values))`, or with values `after` it `digest([list(values), *after])`, without holding the list."""
    total, rest, start = hashlib.sha256(b"[[" if after else b"["), iter(values), ""
    while block := list(islice(rest, _BLOCK)):
        total.update((start + _text(block)[1:-1]).encode())
        start = ","
    total.update("".join(["]", *(f",{_text(value)}" for value in after), "]" if after else ""]).encode())
    return total.hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
