"""What `Reader.read` must return: the cases, their targets, and what stands for the content of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path, PurePosixPath
from typing import Any, get_args, get_type_hints

from bench.core.digest import digest
from bench.core.errors import DataError, PluginError
from bench.core.escape import one_line
from bench.core.task import Box, BoxTarget, Case, DataSet

_ADVICE = "Correct the data set's file of labels, or its reader."


def checked_cases(data_set: DataSet, found: Any) -> tuple[Case, ...]:
    """What a reader's `read` gave as cases, sorted by id: whole numbers of NumPy as Python's, content keys set.

    Raises:
        PluginError: it is no list of cases, or a case has parts of other types than `Case` says.
        DataError: two cases have one id, a name is no text, or a class or box is wrong.
    """
    who = f"{type(data_set.reader).__name__}.read"
    if not isinstance(found, Iterable) or isinstance(found, str | Mapping):
        raise PluginError(f"{who} gave a {type(found).__name__}, expected a list of bench.Case.")
    cases = [_plain(case, who) for case in found]
    _require_text(cases)
    twice = [case_id for case_id, n in Counter(case.id for case in cases).items() if n > 1]
    if twice:
        raise DataError(
            f"{who}: {len(twice)} ids are those of several cases, as {one_line(twice[0])!r}.\nAn id is unique and "
            "stable: the path relative to the data set's folder, or FILE:NUMBER where one file holds many cases."
        )
    for case in cases:
        if problem := case_problem(data_set, case):
            raise DataError(problem)
    return tuple(sorted(_with_keys(cases), key=lambda case: case.id))


def case_problem(data_set: DataSet, case: Case) -> str:
    """What is wrong with a case's class, boxes or domain, and what to do; empty where nothing is."""
    if data_set.domains and case.domain not in data_set.domains:
        return (
            f"{one_line(case.image)}: its domain {case.domain!r} is none of {', '.join(data_set.domains)}.\n"
            "Name it in DataSet.domains, or correct the reader."
        )
    return target_problem(data_set, case)


def target_problem(data_set: DataSet, case: Case) -> str:
    """What is wrong with a case's class or boxes, and what to do; empty where nothing is."""
    target, n_classes = case.target, len(data_set.classes)
    if isinstance(target, int) and not 0 <= target < n_classes:
        return f"{one_line(case.image)}: its label {target} is none of the {n_classes} classes.\n{_ADVICE}"
    if not isinstance(target, BoxTarget):
        return ""
    if not (target.width > 0 and target.height > 0):
        size = f"{target.width} x {target.height}"
        return f"{one_line(case.image)}: its boxes are on an image of {size} pixels, which is none.\n{_ADVICE}"
    for box in target.boxes:
        if why := _box_problem(box, target, n_classes):
            return f"{one_line(case.image)}: the box {tuple(box[1:])} {why}.\n{_ADVICE}"
    return ""


def content_hash(case: Case, file_hash: str) -> str:
    """SHA-256 (hex) of what a case shows: of its file, or where it is a part of it, of that and the content key."""
    return file_hash if case.content is None else digest(["part of", file_hash, case.content])


def _box_problem(box: Box, target: BoxTarget, n_classes: int) -> str:
    if not 0 <= box.label < n_classes:
        return f"has the label {box.label}, which is none of the {n_classes} classes"
    if not (0 <= box.x_min <= box.x_max <= target.width and 0 <= box.y_min <= box.y_max <= target.height):
        return f"is not inside its image of {target.width} x {target.height} pixels, or not a box"
    return "has no area" if box.x_min == box.x_max or box.y_min == box.y_max else ""


def _plain(case: Any, who: str) -> Case:
    """A case with the types that `Case` says. Raises `PluginError`."""
    if not isinstance(case, Case):
        raise PluginError(f"{who} gave a {type(case).__name__} among its cases, expected bench.Case.")
    target = case.target
    if isinstance(target, BoxTarget):
        wrong = next((box for box in target.boxes if not isinstance(box, Box)), None)
        if wrong is not None:
            raise PluginError(f"{who}: the box {wrong!r} of {one_line(case.id)} is no bench.Box(label, x_min, ...).")
    elif isinstance(target, Integral):
        target = int(target)
    for name, value, ok in (
        ("id", case.id, isinstance(case.id, str) and case.id != ""),
        ("image", case.image, isinstance(case.image, Path)),
        ("labels", case.labels, isinstance(case.labels, tuple) and all(isinstance(p, Path) for p in case.labels)),
        ("owner_split", case.owner_split, case.owner_split in _owner_splits()),
        ("subject", case.subject, case.subject is None or isinstance(case.subject, str)),
        ("content", case.content, case.content is None or isinstance(case.content, str)),
    ):
        if not ok:
            wanted = {"id": "a text", "image": "a pathlib.Path", "labels": "a tuple of pathlib.Path"}.get(name)
            wanted = wanted or (f"one of {_owner_splits()}" if name == "owner_split" else "a text or None")
            raise PluginError(f"{who}: {name} of the case {case.id!r} is {one_line(repr(value))}; expected {wanted}.")
    if PurePosixPath(case.id).is_absolute() or ".." in PurePosixPath(case.id).parts:
        raise PluginError(f"{who}: the id {one_line(case.id)!r} is no path inside the data set's folder.")
    return case if target is case.target else replace(case, target=target)


def _owner_splits() -> tuple[Any, ...]:
    parts = get_args(get_type_hints(Case)["owner_split"])
    return tuple(value for part in parts for value in (get_args(part) or (None,)))


def _with_keys(cases: Sequence[Case]) -> list[Case]:
    """Cases that have a file with others, and no content key, get their id as one."""
    files = Counter(case.image for case in cases)
    return [
        replace(case, content=case.id) if case.content is None and files[case.image] > 1 else case for case in cases
    ]


def _require_text(cases: Iterable[Case]) -> None:
    """Raise `DataError` for a file name that is no UTF-8, which no split, record or table could hold."""
    for case in cases:
        for path in (case.id, case.image, *case.labels):
            if any("\ud800" <= letter <= "\udfff" for letter in str(path)):
                raise DataError(
                    f"{one_line(case.image if path == case.id else path)}: this name is not UTF-8 text.\nRename the "
                    "file, for example with convmv, or unpack the owner's archive again with unzip -O CP1252."
                )
