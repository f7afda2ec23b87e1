"""The data root: which folder it is, what kind of data lies there, and what to say when a data set does not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from bench.core.errors import DataError
from bench.core.task import DataSet, Declared

ROOT_VARIABLE = "BENCH_DATA"
"""Environment variable that names the data root."""


PHANTOM_MARKER = "PHANTOM.json"
"""File in a data root that says everything in it is synthetic: generator version, seed, data sets and counts."""


SITE_PHANTOMS = ".sites"
"""Folder inside the phantom of a data set with sites added that holds those of its sites."""


Kind = Literal["real", "phantom"]


def resolve_root(option: Path | None) -> Path | None:
    """The data root as an absolute path: the option, else `$BENCH_DATA`, else None.

    Raises:
        DataError: the path that was given does not exist, is no folder, cannot be listed or is empty.
    """
    value = os.environ.get(ROOT_VARIABLE, "").strip()
    if option is None and not value:
        return None
    source = "--data-root" if option is not None else f"${ROOT_VARIABLE}"
    root = Path(value if option is None else option).expanduser().resolve()
    advice = f"{source} must name the folder that has one folder per data set."
    if not root.exists():
        raise DataError(f"{root}: this data root ({source}) does not exist.\n{advice}")
    if not root.is_dir():
        raise DataError(f"{root}: this data root ({source}) is a file, not a folder.\n{advice}")
    if not names_in(root):
        raise DataError(f"{root}: this data root ({source}) is empty.\n{advice}")
    return root


def data_kind(root: Path) -> Kind:
    """Whether a data root holds real data or phantoms (then it has a `PHANTOM_MARKER`)."""
    return "phantom" if (root / PHANTOM_MARKER).exists() else "real"


def folder_name(data_set: DataSet) -> str:
    """Name of the data set's folder under a data root."""
    return data_set.folder or data_set.name


def folder_of(data_set: DataSet, root: Path) -> Path:
    """Where a data set lies: under `root`, unless `root` holds no phantoms and a file declares another place."""
    if data_kind(root) == "phantom":
        return phantom_folder(data_set, root)
    own = data_set.declared
    return own.folder if own and own.folder else root / folder_name(data_set)


def phantom_folder(data_set: DataSet, root: Path) -> Path:
    """Where the phantom of a data set lies under a root of phantoms."""
    return root / (data_set.declared.phantom_folder if data_set.declared else folder_name(data_set))


def is_own_phantom(own: Declared, folder: Path) -> bool:
    """Whether a folder is that of the phantom of a data set which a file declares."""
    return folder.name == own.phantom_folder or folder.parent.name == SITE_PHANTOMS


def explain_missing(data_set: DataSet, root: Path) -> str:
    """Say why a data set was not found under `root`: a wrong level, a wrong name, or not there at all."""
    name = folder_name(data_set)
    if data_set.declared and (data_set.declared.folder or data_kind(root) == "phantom"):
        advice = data_set.obtain if data_kind(root) == "real" else _NO_PHANTOM
        return f"{folder_of(data_set, root)}: this folder is missing, and {data_set.title} should lie there.\n{advice}"
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


_NO_PHANTOM = (
    "This data root holds synthetic data. Write that of this data set with `bench data phantom` and the same --data, "
    "or leave out --data-root (BENCH_DATA) to use the data set itself."
)


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
