"""What the layouts share: splits by their usual names, paths that stay inside a folder, classes in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath
from typing import cast

from bench.core.errors import DataError, closest
from bench.core.escape import one_line
from bench.core.task import Case, OwnerSplit
from bench.data.decoding.dicom import SUFFIXES as DICOM_SUFFIXES
from bench.data.split_files import SIDES
from bench.data.split_import import ALIASES

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", *DICOM_SUFFIXES)
"""Lower-case suffixes of images; DICOM needs pydicom."""


def side_of(text: str) -> OwnerSplit | None:
    """The split of a name in use: `train`, `val`, `Testing`; None for any other name."""
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    return cast(OwnerSplit, name) if name in SIDES else None


def require_side(text: str, place: str) -> OwnerSplit:
    """As `side_of`. Raises `DataError`, which begins with `place`, for another name."""
    side = side_of(text)
    if side is None:
        raise DataError(
            f"{place}: unknown split {one_line(text)!r}; expected {', '.join(SIDES)} (or {', '.join(ALIASES)}).\n"
            "Correct it, or rename the column or folder that is no split."
        )
    return side


def inside(folder: Path, text: str, place: str) -> Path:
    """The file that a table names, relative to a folder. Raises `DataError` for one outside it, or not there."""
    relative = PurePosixPath(text.strip().replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or ":" in "".join(relative.parts[:1]):
        raise DataError(
            f"{place}: the path {one_line(text)!r} leads outside the data set's folder {one_line(folder)}.\n"
            "Name files relative to that folder, without .. and without a drive; or set `folder` to one that holds all."
        )
    path = folder / relative
    if not path.is_file():
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = closest(path.name, names) or (
            f" Found there: {_few(names)}." if names else " Its folder is missing too."
        )
        raise DataError(
            f"{place}: there is no file {one_line(path)}.{one_line(hint)}\n"
            "Correct the path: it is relative to the data set's folder (and to `images` of [layout], where given)."
        )
    return path


def sorted_names(found: Iterable[str]) -> tuple[str, ...]:
    """Names of classes in order: by number where all are whole numbers, else by letters."""
    names = set(found)
    if all(name.isdecimal() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def class_index(name: str, classes: tuple[str, ...], place: str) -> int:
    """Index of a class. Raises `DataError`, which begins with `place`, for a name that is none."""
    if name not in classes:
        raise DataError(
            f"{place}: {one_line(name)!r} is none of the classes ({', '.join(map(one_line, classes))})."
            f"{one_line(closest(name, classes))}\nCorrect it, or add it to `classes` of the data set's file."
        )
    return classes.index(name)


def values_of(values: dict[str, int], classes: tuple[str, ...]) -> tuple[int, ...]:
    """Value of each class in label maps; without a table 1, 2, ..., and none for one class, which is any value above 0.

    Raises:
        DataError: the table has other names than the classes, or gives one value to two.
    """
    if not values:
        return tuple(range(1, len(classes) + 1)) if len(classes) > 1 else ()
    if set(values) != set(classes) or len(set(values.values())) < len(values) or min(values.values()) < 1:
        raise DataError(
            f"[layout] has values of {one_line(', '.join(f'{n} = {v}' for n, v in values.items()))}, and the classes "
            f"are {one_line(', '.join(classes))}.\nGive each class a value of its own, above 0."
        )
    return tuple(values[name] for name in classes)


def values_beside(masks: Collection[str], values: dict[str, int], classes: tuple[str, ...]) -> tuple[int, ...]:
    """Value of each class in label maps; none where masks are of one structure each, those of `masks` where named.

    Raises:
        DataError: both are given, `masks` has other names than the classes, or `values_of` finds something wrong.
    """
    if masks and values:
        raise DataError(
            "[layout] has masks of each structure and `values` of a label map.\nTake out what the data have not."
        )
    if masks and set(masks) != set(classes):
        raise DataError(
            f"[layout] has masks of {one_line(', '.join(masks))}, and the classes are {one_line(', '.join(classes))}.\n"
            "Name the same in both, or leave `classes` out."
        )
    return values_of(values, classes) if values else ()


def require_cases(cases: list[Case], folder: Path, classes: tuple[str, ...], wanted: str) -> list[Case]:
    """Cases sorted by id. Raises `DataError` for none, for two of one id, and for a class without any."""
    if not cases:
        suffixes = Counter(p.suffix.lower() or "no suffix" for p in folder.rglob("*") if p.is_file())
        found = ", ".join(f"{n} {suffix}" for suffix, n in suffixes.most_common(5)) or "nothing"
        raise DataError(f"{one_line(folder)}: no cases found (files here: {found}).\nExpected: {wanted}")
    twice = [name for name, number in Counter(case.id for case in cases).items() if number > 1]
    if twice:
        raise DataError(f"{one_line(folder)}: the case {one_line(twice[0])!r} is there twice.\nRemove one of them.")
    found_classes = {case.target for case in cases if isinstance(case.target, int)}
    for index, name in enumerate(classes):
        if found_classes and index not in found_classes:
            raise DataError(
                f"{one_line(folder)}: no case is of the class {one_line(name)!r}.\n"
                "Add some, or take the class out of `classes` of the data set's file."
            )
    return sorted(cases, key=lambda case: case.id)


def _few(names: list[str]) -> str:
    return ", ".join(sorted(names)[:5]) + (", ..." if len(names) > 5 else "")
