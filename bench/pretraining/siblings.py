"""Further files of a validation or test subject: other sequences of a scan, beside it or elsewhere."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench.core.task import Case
from bench.data.dataset import Data
from bench.data.splits import SplitCases

_ENDINGS = re.compile(r"(\.nii)?\.[a-z0-9]+$", re.IGNORECASE)
_SEQUENCE = re.compile(
    r"((?<=\d)_000\d|[-_. ]+(flair|t1|t1c|t1ce|t1gd|t1n|t2|t2f|t2w|t1w|adc|dwi|pd|seg|segmentation|mask|labels?|ct|"
    r"mri?|image))$",
    re.IGNORECASE,
)
"""What ends the name of one sequence or channel of a scan: nnU-Net's channel after a case's number, or a sequence."""
_TELLING = re.compile(
    r"(?!(image|img|im|case|slice|frame|scan|patient|pat|subject|sub|mask|volume|vol|train|test)?[-_. (]*\d+\)?$)"
    r"(?=.{6,}$)(?=.*\d)(?=.*[a-z])",
    re.IGNORECASE,
)
"""A name that is hardly another subject's by chance: six characters or more, letters and digits, no mere number."""


@dataclass(frozen=True)
class Siblings:
    """Which files show a subject that is evaluated on."""

    folders: frozenset[Path]
    """Folders that hold one held-out subject and no other."""
    names: frozenset[str]
    """Telling names of held-out scans without what names a sequence, lower case: they count wherever a file lies."""
    local: Mapping[Path, frozenset[str]]
    """Folder of a data set -> names that count inside it."""

    @classmethod
    def of(cls, sets: Iterable[tuple[Data, SplitCases]]) -> Siblings:
        """From the validation and test cases of data sets."""
        folders: set[Path] = set()
        local: dict[Path, frozenset[str]] = defaultdict(frozenset)  # two data sets may share a folder
        for data, split in sets:
            held_out = {case.id for case in (*split.validation, *split.test)}
            folders |= _own_folders(data.cases, held_out)
            names = {name for case in data.cases if case.id in held_out for name in _names(case)}
            trained = {name for case in data.cases if case.id not in held_out for name in _names(case)}
            local[data.folder.resolve()] |= frozenset(names - trained)
        telling = frozenset(name for names in local.values() for name in names if _TELLING.match(name))
        return cls(frozenset(folders), telling, local)

    def __contains__(self, path: Path) -> bool:
        """Whether a file lies in a held-out subject's folder, or is named as one of its scans."""
        return self.among([str(path)])[0]

    def among(self, paths: Iterable[str]) -> list[bool]:
        """The same of many files; each folder is looked at once."""
        if not (self.folders or self.names or any(self.local.values())):
            return [False for _ in paths]
        places: dict[str, _Place] = {}
        found = []
        for path in paths:
            folder, _, name = path.rpartition("/")
            if os.path.islink(path):  # noqa: PTH114 (there may be a million)
                resolved = Path(path).resolve()
                place, name = self._place(resolved.parent), resolved.name
            else:
                if folder not in places:
                    places[folder] = self._place(Path(folder + "/" if path.startswith("/") else folder).resolve())
                place = places[folder]
            found.append(place.held or stem(name) in place.names or stem(name) in self.names)
        return found

    def _place(self, folder: Path) -> _Place:
        """What a resolved folder says of the files in it."""
        above = (folder, *folder.parents)
        held = not self.folders.isdisjoint(above) or not self.names.isdisjoint(part.lower() for part in folder.parts)
        return _Place(held, frozenset().union(*(names for place, names in self.local.items() if place in above)))


class _Place(NamedTuple):
    """A folder of files that may be siblings."""

    held: bool
    """Whether all of them are."""
    names: frozenset[str]
    """Names that count in it."""


def _own_folders(cases: Iterable[Case], held_out: set[str]) -> set[Path]:
    inside: dict[Path, set[str]] = defaultdict(set)
    tested: set[Path] = set()
    for case in cases:
        folder = case.image.resolve().parent
        inside[folder].add(case.subject if case.subject is not None else case.id)
        if case.id in held_out:
            tested.add(folder)
    return {folder for folder in tested if len(inside[folder]) == 1 and not _holds_others(folder, inside)}


def _holds_others(folder: Path, inside: dict[Path, set[str]]) -> bool:
    """Whether a folder is above those of other cases."""
    return any(folder in other.parents for other in inside)


def _names(case: Case) -> set[str]:
    """Telling names of a case: its file's without the sequence, and its subject's."""
    names = {stem(case.image)}
    return names | ({case.subject.lower()} if case.subject else set())


def stem(path: Path | str) -> str:
    """A file's name in lower case without endings and without what names a sequence: `BraTS19_A_1_t1ce.nii.gz`."""
    name, before = _ENDINGS.sub("", path if isinstance(path, str) else path.name), ""
    while name != before:
        before, name = name, _SEQUENCE.sub("", name)
    return name.lower()
