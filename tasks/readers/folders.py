"""Listing folders without what operating systems and archive programs leave behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bench.core.errors import DataError
from bench.core.reading import is_junk


def visible(folder: Path) -> list[Path]:
    """Entries of a folder, sorted. Raises `DataError` where it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if not is_junk(path.name))
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be listed: {error.strerror}.\nGive yourself the right to read it."
        ) from error


def files_below(folder: Path) -> list[str]:
    """Paths of all files below a folder, relative to it with forward slashes, sorted."""
    found = []
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not is_junk(name)]
        here = Path(place).relative_to(folder).as_posix()
        prefix = "" if here == "." else f"{here}/"
        found += [prefix + name for name in files if not is_junk(name)]
    return sorted(found)


def names_found(paths: list[Path]) -> str:
    """`found: a, b, ...` for error messages: the first five names."""
    names = ", ".join(path.name for path in paths[:5])
    return f"found: {names}{', ...' if len(paths) > 5 else ''}" if names else "found: nothing"


def advice(folder: Path, matches: Callable[[Path], bool], layout: str) -> str:
    """What to do about a data set that is not as its layout says: one level deeper, or not complete."""
    entries = visible(folder)
    nested = [path for path in entries if path.is_dir() and matches(path)]
    if nested and not matches(folder):
        return f"The data set lies one level deeper: move the content of {nested[0]} into {folder}."
    return f"Unpack the owner's archive again; expected in {folder} ({names_found(entries)}):\n{layout}"
