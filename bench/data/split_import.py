"""Splits as other projects publish them, turned into this project's form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench.core.console import Report
from bench.core.errors import DataError, closest
from bench.core.reading import json_of, reading
from bench.data.dataset import Data
from bench.data.published.names import names_of_cases
from bench.data.split_files import SIDES, Row, check_rows, read_content, read_rows
from bench.data.splits import SplitCases

ALIASES = {"val": "validation", "valid": "validation", "training": "train", "testing": "test"}
"""Other names of the sides."""


def import_split(data: Data, path: Path, seed: int, report: Report) -> SplitCases:
    """Read a published split: the CSV of `read_split`, or JSON with a list of cases per side.

    A case may be named as here (its path relative to the data set's folder), by its file name, by either without
    suffix or `_image`, or by its folder (of BraTS), wherever only one case has it. Sides may have their other usual
    names; lists of label files are ignored.

    Raises:
        DataError: the file is neither, a name fits no case or several, or the split is wrong as in `read_split`.
    """
    content = read_content(path)
    rows = json_rows(path, content) if path.suffix.lower() == ".json" else read_rows(path, content)
    names = names_of_cases(data)
    return check_rows(data, path, [_resolve(data, path, row, names) for row in rows], content, seed, report)


def json_rows(path: Path, content: str) -> list[Row]:
    """The rows of a JSON text with a list of cases per side; lists of label files are ignored. Raises `DataError`."""
    with reading(path, _FORM, what="this is no JSON"):
        sides = json_of(content)
    if isinstance(sides, dict):
        sides = {side: names for side, names in sides.items() if not _LABELS.search(side)}
    lists = isinstance(sides, dict) and all(isinstance(names, list) for names in sides.values())
    if not lists or not all(isinstance(name, str) for names in sides.values() for name in names):
        raise DataError(f"{path}: expected an object with a list of case names per split.\n{_FORM}")
    known = {*SIDES, *ALIASES}
    for side in sides:
        if side not in known:
            raise DataError(f"{path}: unknown split {side!r}; expected {', '.join(SIDES)}.\n{_FORM}")
    return [
        Row(f"{side}[{i}]", name, ALIASES.get(side, side))
        for side, names in sides.items()
        for i, name in enumerate(names)
    ]


_LABELS = re.compile(r"(^|[_ -])(labels?|masks?|gt|ground_truth)$", re.IGNORECASE)
"""Keys of lists of label files, such as `train_labels`, which say nothing that the images' lists do not."""


_FORM = 'For example: {"train": ["0001", "0002"], "validation": ["0003"], "test": ["0004"]}'


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
