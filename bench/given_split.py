"""Splits that somebody published: a CSV file with the columns `case` and `split`."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from pathlib import Path

from bench.data import Data
from bench.errors import DataError
from bench.interfaces import Case
from bench.progress import Report
from bench.registry import closest
from bench.splits import SplitCases, draw_validation, make_split

SIDES = ("train", "validation", "test")


def read_split(data: Data, path: Path, seed: int, report: Report) -> SplitCases:
    """The split that a file gives: each case once, as `train`, `validation` or `test`.

    Cases that it does not name are left out, with a warning. Where it names no validation cases, they are drawn from
    its training cases by `seed`.

    Raises:
        DataError: the file is no such CSV, names an unknown or repeated case, an unknown split, puts one subject on
            two sides, or leaves training or test empty; the message names the line.
    """
    content = _content(path)
    by_id = {case.id: case for case in data.cases}
    sides: dict[str, list[Case]] = {side: [] for side in SIDES}
    lines: dict[str, int] = {}
    for line, name, side in _rows(path, content):
        if name not in by_id:
            hint = closest(name, by_id)
            raise DataError(f"{path}, line {line}: {data.data_set.name} has no case {name!r}.{hint}\n{_ADVICE}")
        if name in lines:
            raise DataError(f"{path}, line {line}: the case {name!r} stands in line {lines[name]} already.\n{_ADVICE}")
        if side not in sides:
            raise DataError(f"{path}, line {line}: unknown split {side!r}; expected one of {', '.join(SIDES)}.")
        lines[name] = line
        sides[side].append(by_id[name])
    _check(path, data, sides, lines)
    unnamed = len(by_id) - len(lines)
    if unnamed:
        report.warn(f"{path} leaves out {unnamed} of {len(by_id)} cases of {data.data_set.name}; they are not used.")
    if not sides["validation"]:
        sides["train"], sides["validation"] = draw_validation(data, sides["train"], seed)
    given = hashlib.sha256(content.encode()).hexdigest()
    return make_split(sides["train"], sides["validation"], sides["test"], seed, given)


_ADVICE = "Cases are named as in results/splits/: paths relative to the data set's folder, each once."


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {error}.\nGive a CSV file with case and split.") from error


def _rows(path: Path, content: str) -> list[tuple[int, str, str]]:
    """(line number, case, split) of every row."""
    reader = csv.DictReader(content.splitlines())
    found = reader.fieldnames or []
    if not {"case", "split"} <= set(found):
        raise DataError(f"{path}: expected the columns case and split; found: {', '.join(found) or 'nothing'}.")
    return [(reader.line_num, (row["case"] or "").strip(), (row["split"] or "").strip()) for row in reader]


def _check(path: Path, data: Data, sides: dict[str, list[Case]], lines: dict[str, int]) -> None:
    for side in ("train", "test"):
        if not sides[side]:
            raise DataError(f"{path}: no case is in {side!r}. A split needs train and test cases.")
    places: dict[str, dict[str, Case]] = defaultdict(dict)
    for side, cases in sides.items():
        for case in cases:
            if case.subject is not None:
                places[case.subject].setdefault(side, case)
    for subject, seen in sorted(places.items()):
        if len(seen) > 1:
            where = ", ".join(f"{case.id} in {side} (line {lines[case.id]})" for side, case in seen.items())
            raise DataError(
                f"{path}: the subject {subject!r} is on {len(seen)} sides: {where}.\n"
                "Scores on it would reward memory. Put all cases of a subject on one side."
            )
    trained = data.data_set.domains[:1]
    foreign = [c for side in ("train", "validation") for c in sides[side] if trained and c.domain != trained[0]]
    if foreign:
        raise DataError(
            f"{path}, line {lines[foreign[0].id]}: {foreign[0].id} is of the domain {foreign[0].domain!r}; "
            f"{data.data_set.name} is trained on {trained[0]!r} only. Make it a test case."
        )
