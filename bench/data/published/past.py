"""What weights were pretrained on, as far as it is told case by case, and which cases of a data set are among it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from bench.core.digest import digest
from bench.data.dataset import Data
from bench.data.published.names import hash_of, names_of_cases


@dataclass(frozen=True)
class SeenList:
    """Files that weights were pretrained on."""

    label: str
    """What people read: the data set, or the name of a file."""
    names: frozenset[bytes] = frozenset()
    """Hashes of normalised file names."""
    contents: frozenset[str] = frozenset()
    """Content keys (`bench data keys`)."""
    data_set: str = ""
    """The only data set whose cases are looked for; empty: any."""


@dataclass(frozen=True)
class Past:
    """What weights were pretrained on."""

    statement: str
    """Sentences for records and people."""
    data_sets: tuple[str, ...] = ()
    """Data sets all of whose cases count as seen."""
    lists: tuple[SeenList, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that cases are compared with."""
        lists = [
            [one.label, one.data_set, sorted(map(bytes.hex, one.names)), sorted(one.contents)] for one in self.lists
        ]
        return digest([sorted(self.data_sets), lists])


def seen_cases(data: Data, past: Past, keys: Mapping[str, str]) -> dict[str, str]:
    """Id of every case that the weights saw -> the label of what it stands in, sorted by id.

    A case is told by its data set, by a name that no other case of the data set goes by, or by its content; `keys` has
    the content key of each case (`content_keys`).
    """
    if data.data_set.name in past.data_sets:
        return {case.id: data.data_set.name for case in sorted(data.cases, key=lambda case: case.id)}
    hashes = _hashes(data)
    found: dict[str, str] = {}
    for one in past.lists:
        if one.data_set in ("", data.data_set.name):
            ids = [hashes[name] for name in hashes.keys() & one.names]
            ids += [case_id for case_id, key in keys.items() if key in one.contents]
            for case_id in ids:
                found.setdefault(case_id, one.label)
    return dict(sorted(found.items()))


def _hashes(data: Data) -> dict[bytes, str]:
    """Hash of a normalised name -> the only case that goes by it."""
    found: dict[bytes, set[str]] = defaultdict(set)
    for name, ids in names_of_cases(data).items():
        found[hash_of(name)].update(ids)
    return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}


def list_of(label: str, text: str, data_set: str = "") -> SeenList:
    """The list in a text: a line is a file name, or a content key (64 hexadecimal digits); `#` begins a comment."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    contents = {line for line in lines if re.fullmatch(r"[0-9a-f]{64}", line)}
    return SeenList(label, frozenset(map(hash_of, lines)), frozenset(contents), data_set)
