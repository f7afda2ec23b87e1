"""Splits as other projects publish them, turned into this project's form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from bench.core.console import Report
from bench.core.errors import DataError, closest
from bench.core.reading import json_of, reading
from bench.data.dataset import Data
from bench.data.split_files import SIDES, Row, check_rows, read_content, read_rows
from bench.data.splits import SplitCases

ALIASES = {"val": "validation", "valid": "validation", "training": "train", "testing": "test"}
"""Other names of the sides."""


def import_split(data: Data, path: Path, seed: int, report: Report) -> SplitCases:
    """Read a published split: the CSV of `read_split`, or JSON with a list of cases per side.

    A case may be named as here (its path relative to the data set's folder), by its file name, by either without
    suffix, or by its folder (of BraTS), wherever only one case has it. Sides may have their other usual names.

    Raises:
        DataError: the file is neither, a name fits no case or several, or the split is wrong as in `read_split`.
    """
    content = read_content(path)
    rows = _json_rows(path, content) if path.suffix.lower() == ".json" else read_rows(path, content)
    names = _names(data)
    return check_rows(data, path, [_resolve(data, path, row, names) for row in rows], content, seed, report)


def _json_rows(path: Path, content: str) -> list[Row]:
    with reading(path, _FORM, what="this is no JSON"):
        sides = json_of(content)
    lists = isinstance(sides, dict) and all(isinstance(names, list) for names in sides.values())
    if not lists or not all(isinstance(name, str) for names in sides.values() for name in names):
        raise DataError(f"{path}: expected an object with a list of case names per split.\n{_FORM}")
    known = {*SIDES, *ALIASES}
    for side in sides:
        if side not in known:
            raise DataError(f"{path}: unknown split {side!r}; expected {', '.join(SIDES)}.\n{_FORM}")
    return [Row(f"{side}[{i}]", name, side) for side, names in sides.items() for i, name in enumerate(names)]


_FORM = 'For example: {"train": ["0001", "0002"], "validation": ["0003"], "test": ["0004"]}'


def _names(data: Data) -> Mapping[str, list[str]]:
    """Every name that a case may go by -> ids of the cases that go by it.

    A folder is the name of the only case in it, unless a file has that name.
    """
    found: dict[str, list[str]] = defaultdict(list)
    folders: dict[str, list[str]] = defaultdict(list)
    for case in data.cases:
        path = PurePosixPath(case.id)
        names = (case.id, _without_suffix(case.id), path.name, path.stem, _without_suffix(path.name))
        for name in dict.fromkeys(names):
            found[name].append(case.id)
        folders[path.parent.name].append(case.id)
    return {name: ids for name, ids in folders.items() if len(ids) == 1} | found


def _without_suffix(name: str) -> str:
    """A path without the suffix of its file; `.nii.gz` is one."""
    return str(PurePosixPath(name.removesuffix(".gz") if name.endswith(".nii.gz") else name).with_suffix(""))


def _resolve(data: Data, path: Path, row: Row, names: Mapping[str, list[str]]) -> Row:
    side = ALIASES.get(row.side, row.side)
    name = row.name if row.name in names else row.name.strip()
    ids = names.get(name, [])
    ids = [name] if name in ids else ids
    if not ids:
        raise DataError(
            f"{path}, {row.place}: {data.data_set.name} has no case {row.name!r}.{closest(row.name, names)}"
        )
    if len(ids) > 1:
        raise DataError(
            f"{path}, {row.place}: {row.name!r} fits {len(ids)} cases of {data.data_set.name}: {', '.join(ids[:3])}.\n"
            "Name each by its path relative to the data set's folder."
        )
    return Row(row.place, ids[0], side)
