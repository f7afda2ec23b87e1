"""Further files of a validation or test subject: other sequences of a scan, beside it or elsewhere."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

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
        resolved = path.resolve()
        if not self.folders.isdisjoint(resolved.parents):
            return True
        names = {stem(resolved), *(part.lower() for part in resolved.parent.parts)}
        if not names.isdisjoint(self.names):
            return True
        return any(f in resolved.parents and stem(resolved) in own for f, own in self.local.items())


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


def stem(path: Path) -> str:
    """A file's name in lower case without endings and without what names a sequence: `BraTS19_A_1_t1ce.nii.gz`."""
    name, before = _ENDINGS.sub("", path.name), ""
    while name != before:
        before, name = name, _SEQUENCE.sub("", name)
    return name.lower()
