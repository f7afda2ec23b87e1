"""Where a data set should lie, and what to say when it does not lie there."""

from __future__ import annotations

import os
from pathlib import Path

from bench.errors import DataError
from bench.interfaces import DataSet


def folder_name(data_set: DataSet) -> str:
    """Name of the data set's folder under a data root."""
    return data_set.folder or data_set.name


def explain_missing(data_set: DataSet, root: Path) -> str:
    """Say why a data set was not found under `root`: a wrong level, a wrong name, or not there at all."""
    name = folder_name(data_set)
    return (
        _too_low(data_set, root, name)
        or _misnamed(data_set, root, name)
        or _too_high(root, name)
        or f"{root / name}: this folder is missing (found in {root}: {_some_names(root)}).\n{data_set.obtain}"
    )


def names_in(folder: Path) -> list[str]:
    """Names in a folder, sorted, without hidden files. Raises `DataError` where it cannot be listed."""
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be listed: {error.strerror}.\nCheck that it exists and is readable."
        ) from error


def _too_low(data_set: DataSet, root: Path, name: str) -> str:
    """For a root that is the data set's own folder or lies inside it."""
    places = [folder for folder in (root, *root.parents) if data_set.reader.matches(folder)]
    if not places:
        return ""
    folder = next((place for place in places if place.name == name), places[0])
    where = "is the data set's own folder" if folder == root else f"lies inside the data set's folder {folder}"
    fix = f"give --data-root {folder.parent}"
    if folder.name != name:
        fix = f"move the data set into {folder / name}, or rename {folder} to {folder.parent / name} and {fix}"
    return f"{root}: this {where}, one level too low.\nTo fix it, {fix}"


def _misnamed(data_set: DataSet, root: Path, name: str) -> str:
    """For a root with the data set's folder under another name."""
    for child in _folders(root):
        alike = child.name.casefold() == name.casefold()
        if alike or data_set.reader.matches(child):
            certain = "" if alike else f", if it holds {data_set.title}"
            return f"{child}: this folder must be named exactly {name!r}.\nRename it to {root / name}{certain}"
    return ""


def _too_high(root: Path, name: str) -> str:
    """For a root whose subfolder is the right one."""
    for child in _folders(root):
        if (child / name).is_dir():
            return f"{root}: this is one level too high for {name!r}.\nGive --data-root {child}"
    return ""


def _folders(root: Path) -> list[Path]:
    """The folders in a root that can be entered."""
    folders = (root / name for name in names_in(root))
    return [folder for folder in folders if folder.is_dir() and os.access(folder, os.X_OK)]


def _some_names(root: Path) -> str:
    names = names_in(root)
    return (", ".join(names[:5]) + (", ..." if len(names) > 5 else "")) or "nothing"
