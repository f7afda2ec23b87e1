"""Phantoms: small synthetic data sets in their owners' layouts, written once to a cache."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bench.core.errors import BenchError, DataError, PluginError
from bench.core.files import unwritable, write_text
from bench.core.reading import reading, reason_of
from bench.core.task import Case, DataSet
from bench.data.dataset import PHANTOM_SEED, PHANTOM_VERSION, Counts, count_cases, read_marker
from bench.data.own.cases import list_cases
from bench.data.root import PHANTOM_MARKER, folder_name, phantom_folder


def ensure_phantom(data_set: DataSet, cache: Path) -> Path:
    """Write the data set's phantom under `cache` unless a complete one is there; return its data root.

    Processes may do so at the same time and may be interrupted: the phantom is written to a temporary folder and
    renamed into place, after the marker names it.

    Raises:
        StorageError: the cache cannot be written.
    """
    root = cache / f"phantom-v{PHANTOM_VERSION}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not _phantom_is_complete(data_set, root):
            _write_phantom(data_set, root)
    except OSError as error:
        raise unwritable(root, error) from error
    return root


def ensure_phantoms(data_sets: Iterable[DataSet], cache: Path) -> Path:
    """`ensure_phantom` for several data sets, at least one; return their data root."""
    roots = [ensure_phantom(data_set, cache) for data_set in data_sets]
    return roots[0]


def draw_phantom(data_set: DataSet, folder: Path, seed: int = PHANTOM_SEED) -> None:
    """Call the data set's own function. Raises `DataError` where it has none, `PluginError` where it fails."""
    if data_set.phantom is None:
        raise DataError(
            f"{data_set.name}: this data set has no phantom, so that its tasks need the real data.\n"
            f"Give --data-root with a folder {folder_name(data_set)}/, or write a function for DataSet.phantom. "
            f"{data_set.obtain}"
        )
    try:
        data_set.phantom(folder, seed)
    except (BenchError, OSError):
        raise
    except Exception as error:  # of a plugin
        raise PluginError(
            f"{data_set.name}: its phantom cannot be written: {type(error).__name__}: {reason_of(error)}.\n"
            "Correct the function DataSet.phantom(folder, seed)."
        ) from error


def _cases(data_set: DataSet, folder: Path) -> list[Case]:
    with reading(folder, "Correct the reader, or what writes the phantom.", what="cannot be read as a phantom"):
        return list_cases(data_set, folder)


def _write_phantom(data_set: DataSet, root: Path) -> None:
    folder = phantom_folder(data_set, root)
    temporary = Path(tempfile.mkdtemp(prefix=f".{data_set.name}-", dir=root))
    try:
        fresh = temporary / folder.name
        fresh.mkdir()
        draw_phantom(data_set, fresh)
        _mark_phantom(root, data_set.name, count_cases(data_set, _cases(data_set, fresh)))
        if _phantom_is_complete(data_set, root):  # another process was faster
            return
        if data_set.folder and folder.exists():  # other data sets may lie in it
            for entry in sorted(fresh.iterdir()):
                _replace(entry, folder / entry.name, temporary)
        else:
            _replace(fresh, folder, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace(fresh: Path, place: Path, temporary: Path) -> None:
    """Rename into place; what was there goes away with the temporary folder."""
    if place.exists():
        place.rename(temporary / f"damaged-{place.name}")
    try:
        fresh.rename(place)
    except OSError:
        if not place.exists():  # another process was faster otherwise
            raise


def _phantom_is_complete(data_set: DataSet, root: Path) -> bool:
    """Whether the phantom is there, as the marker counts it and without empty files; marks one that is not named."""
    try:
        cases = _cases(data_set, phantom_folder(data_set, root))
        if not cases or any(path.stat().st_size == 0 for case in cases for path in (case.image, *case.labels)):
            return False
    except (DataError, OSError):
        return False
    counts = count_cases(data_set, cases)
    marked = read_marker(root)["data_sets"].get(data_set.name)
    if marked is None:  # a process that marked another data set at the same moment won
        _mark_phantom(root, data_set.name, counts)
    return marked in (None, counts)


def _mark_phantom(root: Path, name: str, counts: Counts) -> None:
    marker = read_marker(root)
    marker["data_sets"][name] = counts
    write_text(root / PHANTOM_MARKER, json.dumps(marker, indent=2) + "\n")
