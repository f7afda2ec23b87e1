"""Splits that somebody published: a CSV file with the columns `case` and `split`."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Container, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.core.console import Report
from bench.core.errors import DataError, closest
from bench.core.escape import one_line
from bench.core.reading import reading, text_of
from bench.core.task import Case
from bench.data.dataset import Data
from bench.data.splits import SplitCases, draw_validation, make_split

SIDES = ("train", "validation", "test")


def read_split(data: Data, path: Path, seed: int, report: Report) -> SplitCases:
    """The split that a file gives: each case once, as `train`, `validation` or `test`.

    Where all validation cases are the test cases, as in some published splits, they are both, with a warning.
    Cases that it does not name are left out, with a warning. Of a data set with several domains, those it names no
    case of are test cases, with a notice, as in a drawn split. Where it names no validation cases, they are drawn
    from its training cases by `seed`.

    Raises:
        DataError: the file is no such CSV, names an unknown or repeated case, an unknown split, puts one subject on
            two sides, leaves training or test empty, or tests on no case of the trained domain; the message names the
            line.
    """
    content = read_content(path)
    return check_rows(data, path, read_rows(path, content), content, seed, report)


class Row(NamedTuple):
    """One case of a split file."""

    place: str
    """Where it stands in the file, for messages."""
    name: str
    side: str


def check_rows(data: Data, path: Path, rows: list[Row], content: str, seed: int, report: Report) -> SplitCases:
    """The split that the rows of a file with some content give. Raises `DataError` as `read_split` does."""
    by_id = {case.id: case for case in data.cases}
    sides: dict[str, list[Case]] = {side: [] for side in SIDES}
    places: dict[str, str] = {}
    selected_on_test = _selects_on_test(rows)
    for place, name, side in rows:
        if selected_on_test and side == "validation":
            continue
        name = name if name in by_id else name.strip()
        if name not in by_id:
            hint = closest(name, by_id)
            name, hint = one_line(name), one_line(hint)
            raise DataError(f"{path}, {place}: {data.data_set.name} has no case {name!r}.{hint}\n{_ADVICE}")
        if name in places:
            raise DataError(f"{path}, {place}: the case {name!r} stands in {places[name]} already.\n{_ADVICE}")
        if side not in sides:
            raise DataError(f"{path}, {place}: unknown split {side!r}; expected one of {', '.join(SIDES)}.")
        places[name] = place
        sides[side].append(by_id[name])
    if selected_on_test:
        sides["validation"] = list(sides["test"])
        report.warn(f"{path}: {SELECTED_ON_TEST.format(n=len(sides['test']))}")
    foreign = _unnamed_domains(data, places)
    if foreign and sides["test"]:
        named = ", ".join(dict.fromkeys(str(case.domain) for case in foreign))
        report.say(f"{path} names no case of {named}: all {len(foreign)} are test cases, as in a drawn split.")
        sides["test"] += foreign
        places |= dict.fromkeys((case.id for case in foreign), "not named")
    _check(path, data, sides, places)
    unnamed = len(by_id) - len(places)
    if unnamed:
        report.warn(f"{path} leaves out {unnamed} of {len(by_id)} cases of {data.data_set.name}; they are not used.")
    if not sides["validation"]:
        sides["train"], sides["validation"] = draw_validation(data, sides["train"], seed)
    given = hashlib.sha256(content.encode()).hexdigest()
    return make_split(sides["train"], sides["validation"], sides["test"], seed, given)


SELECTED_ON_TEST = (
    "its {n} validation cases are its test cases, so that selection sees the test set. Scores are better than on "
    "unseen cases; compare them with those of the same split alone."
)


def selection_note(split: SplitCases) -> list[str]:
    """What a reader of scores must know where test cases chose the epoch."""
    both = {case.id for case in split.validation} & {case.id for case in split.test}
    return [f"The split: {SELECTED_ON_TEST.format(n=len(both))}"] if both else []


def _selects_on_test(rows: Sequence[Row]) -> bool:
    """Whether the cases of validation and of test are the same."""
    named = {side: sorted(row.name.strip() for row in rows if row.side == side) for side in ("validation", "test")}
    return bool(named["test"]) and named["validation"] == named["test"]


def _unnamed_domains(data: Data, named: Container[str]) -> list[Case]:
    """The cases of every domain but the trained one that no case is named of."""
    seen = {case.domain for case in data.cases if case.id in named} | {*data.data_set.domains[:1]}
    return [case for case in data.cases if data.data_set.domains and case.domain not in seen]


_ADVICE = "Cases are named as in results/splits/: paths relative to the data set's folder, each once."


def read_content(path: Path) -> str:
    """Text of a split file. Raises `DataError` where it is none."""
    with reading(path, "Give a CSV file with case and split.", what="cannot be read as text"):
        return text_of(path)


def read_rows(path: Path, content: str) -> list[Row]:
    """The rows of a CSV file. Raises `DataError` where a column is missing."""
    with reading(path, "Give a CSV file with case and split.", what="cannot be read as CSV"):
        reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
        found = reader.fieldnames or []
        if not {"case", "split"} <= set(found):
            shown = one_line(", ".join(found)) or "nothing"
            raise DataError(f"{one_line(path)}: expected the columns case and split; found: {shown}.")
        rows = [(f"line {reader.line_num}", row) for row in reader]
    for place, row in rows:
        if None in row:
            raise DataError(
                f"{one_line(path)}, {place} has more fields than columns. Put a case with commas in quotes."
            )
    return [Row(place, row["case"] or "", (row["split"] or "").strip()) for place, row in rows]


def _check(path: Path, data: Data, sides: dict[str, list[Case]], where_named: dict[str, str]) -> None:
    for side in ("train", "test"):
        if not sides[side]:
            raise DataError(f"{path}: no case is in {side!r}. A split needs train and test cases.")
    places: dict[str, dict[str, Case]] = defaultdict(dict)
    tested = {case.id for case in sides["test"]}
    for side, cases in sides.items():
        for case in cases:
            if case.subject is not None and (side != "validation" or case.id not in tested):
                places[case.subject].setdefault(side, case)
    for subject, seen in sorted(places.items()):
        if len(seen) > 1:
            where = ", ".join(f"{case.id} in {side} ({where_named[case.id]})" for side, case in seen.items())
            raise DataError(
                f"{path}: the subject {subject!r} is on {len(seen)} sides: {where}.\n"
                "Scores on it would reward memory. Put all cases of a subject on one side."
            )
    trained = data.data_set.domains[:1]
    foreign = [c for side in ("train", "validation") for c in sides[side] if trained and c.domain != trained[0]]
    if foreign:
        raise DataError(
            f"{path}, {where_named[foreign[0].id]}: {foreign[0].id} is of the domain {foreign[0].domain!r}; "
            f"{data.data_set.name} is trained on {trained[0]!r} only. Make it a test case."
        )
    domains = [d for d in data.data_set.domains if all(case.domain != d for case in sides["test"])]
    if domains:
        raise DataError(
            f"{path}: no test case is of the domain {domains[0]!r}; scores are means over the domains of "
            f"{data.data_set.name} ({', '.join(data.data_set.domains)}). Make some of its cases test cases."
        )
