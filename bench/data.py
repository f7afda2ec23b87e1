"""Data sets on disk: finding the root, reading and fingerprinting cases, writing phantoms."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.errors import BenchError, DataError
from bench.files import unwritable, write_text
from bench.interfaces import Case, DataSet
from bench.overlap import crossing_groups, duplicate_groups

ROOT_VARIABLE = "BENCH_DATA"
"""Environment variable that names the data root."""
PHANTOM_MARKER = "PHANTOM.json"
"""File in a data root that says everything in it is synthetic: generator version, seed, data sets and counts."""
PHANTOM_VERSION = 1
"""Raised whenever a phantom generator writes other bytes than before."""
PHANTOM_SEED = 0

Counts = dict[str, dict[str, int]]
"""Owner split (`all` where the owner gives none) -> class name -> number of cases."""
Kind = Literal["real", "phantom"]


@dataclass(frozen=True)
class Data:
    """A data set as found on disk."""

    data_set: DataSet
    folder: Path
    kind: Kind
    cases: tuple[Case, ...]
    """Sorted by id."""
    hashes: Mapping[str, str]
    """Case id -> SHA-256 (hex) of its file."""
    counts: Counts
    warnings: tuple[str, ...]
    """Where the counts differ from what was expected."""
    fingerprint: str
    """SHA-256 (hex) over every case's id, file hash and target."""


@dataclass(frozen=True)
class DataStatus:
    """One row of `bench data status`."""

    name: str
    title: str
    state: Literal["found", "missing", "broken"]
    message: str = ""
    """Where not found: what is wrong and what to do."""
    kind: Kind | None = None
    folder: Path | None = None
    counts: Counts = field(default_factory=dict)
    expected: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    n_duplicate_groups: int = 0
    """Groups of byte-identical files."""
    n_crossing_owner_split: int = 0
    """Those of them on both sides of the owner's split."""
    warnings: tuple[str, ...] = ()


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
    if not _names(root):
        raise DataError(f"{root}: this data root ({source}) is empty.\n{advice}")
    return root


def data_kind(root: Path) -> Kind:
    """Whether a data root holds real data or phantoms (then it has a `PHANTOM_MARKER`)."""
    return "phantom" if (root / PHANTOM_MARKER).exists() else "real"


def read_data(data_set: DataSet, root: Path) -> Data:
    """Read a data set from a data root, hash its files and compare its counts with the expected ones.

    Raises:
        DataError: the data set is not under `root` (the message tells a wrong level from a missing set), its layout
            is wrong, or a file is empty or unreadable.
    """
    folder = root / data_set.name
    if data_set.name not in _names(root) or not folder.is_dir():
        raise DataError(_explain_missing(data_set, root.resolve()))
    kind = data_kind(root)
    cases = tuple(sorted(data_set.reader.read(folder), key=lambda case: case.id))
    hashes = _hash_files(cases, kind)
    counts = count_cases(data_set, cases)
    lines = "\n".join(f"{case.id}\t{hashes[case.id]}\t{case.target}" for case in cases)
    fingerprint = hashlib.sha256(lines.encode()).hexdigest()
    warnings = _compare_counts(data_set, kind, counts, _expected_counts(data_set, root))
    return Data(data_set, folder, kind, cases, hashes, counts, warnings, fingerprint)


def find_data_sets(root: Path, data_sets: Iterable[DataSet]) -> dict[str, Path]:
    """The data sets whose folder exists under `root`: name -> folder. Contents are not looked at."""
    names = _names(root)
    return {d.name: root / d.name for d in data_sets if d.name in names and (root / d.name).is_dir()}


def data_status(root: Path | None, data_sets: Iterable[DataSet]) -> list[DataStatus]:
    """The state of every data set under `root`, each read and hashed once; never raises for a broken one."""
    return [_status(root, data_set) for data_set in {d.name: d for d in data_sets}.values()]


def count_cases(data_set: DataSet, cases: Iterable[Case]) -> Counts:
    """Count cases per owner split and class, in the order of `data_set.classes`; targets are class indices."""
    counts: Counts = {}
    for case in cases:
        split = counts.setdefault(case.owner_split or "all", dict.fromkeys(data_set.classes, 0))
        split[data_set.classes[case.target]] += 1
    return counts


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


def _write_phantom(data_set: DataSet, root: Path) -> None:
    folder = root / data_set.name
    temporary = Path(tempfile.mkdtemp(prefix=f".{data_set.name}-", dir=root))
    try:
        fresh = temporary / data_set.name
        fresh.mkdir()
        data_set.phantom(fresh, PHANTOM_SEED)
        _mark_phantom(root, data_set.name, count_cases(data_set, data_set.reader.read(fresh)))
        if _phantom_is_complete(data_set, root):  # another process was faster
            return
        if folder.exists():
            folder.rename(temporary / "damaged")
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _phantom_is_complete(data_set: DataSet, root: Path) -> bool:
    """Whether the phantom is there, as the marker counts it and without empty files; marks one that is not named."""
    try:
        cases = data_set.reader.read(root / data_set.name)
        if any(case.image.stat().st_size == 0 for case in cases):
            return False
    except (DataError, OSError):
        return False
    counts = count_cases(data_set, cases)
    marked = _read_marker(root)["data_sets"].get(data_set.name)
    if marked is None:  # a process that marked another data set at the same moment won
        _mark_phantom(root, data_set.name, counts)
    return marked in (None, counts)


def _mark_phantom(root: Path, name: str, counts: Counts) -> None:
    marker = _read_marker(root)
    marker["data_sets"][name] = counts
    write_text(root / PHANTOM_MARKER, json.dumps(marker, indent=2) + "\n")


def _read_marker(root: Path) -> dict[str, Any]:
    marker: dict[str, Any] = {
        "about": "Everything in this folder is synthetic. Scores on it are no evidence.",
        "generator_version": PHANTOM_VERSION,
        "seed": PHANTOM_SEED,
    }
    try:
        data_sets = json.loads((root / PHANTOM_MARKER).read_text(encoding="utf-8"))["data_sets"]
    except (OSError, ValueError, KeyError, TypeError):
        data_sets = {}
    return marker | {"data_sets": data_sets if isinstance(data_sets, dict) else {}}


def _expected_counts(data_set: DataSet, root: Path) -> Mapping[str, Mapping[str, int]]:
    if data_kind(root) == "real":
        return data_set.expected_counts
    marked: Mapping[str, Mapping[str, int]] = _read_marker(root)["data_sets"].get(data_set.name, {})
    return marked


def _compare_counts(
    data_set: DataSet, kind: Kind, counts: Counts, expected: Mapping[str, Mapping[str, int]]
) -> tuple[str, ...]:
    source = "as published" if kind == "real" else f"by {PHANTOM_MARKER}"
    pairs = [
        (split, name, counts.get(split, {}).get(name, 0), expected.get(split, {}).get(name, 0))
        for split in sorted(counts.keys() | expected.keys())
        for name in data_set.classes
    ]
    return tuple(
        f"{data_set.name}: {split}/{name} has {found} cases; {wanted} were expected ({source})."
        for split, name, found, wanted in pairs
        if found != wanted and (expected or kind == "real")
    )


def _hash_files(cases: tuple[Case, ...], kind: Kind) -> dict[str, str]:
    with ThreadPoolExecutor(max_workers=4) as pool:
        hashes = list(pool.map(lambda case: _hash_file(case.image), cases))
    empty = [case for case, value in zip(cases, hashes, strict=True) if value is None]
    if empty:
        others = f" ({len(empty) - 1} more like it: {', '.join(c.id for c in empty[1:4])})" if len(empty) > 1 else ""
        fix = "Restore this file from the owner's archive, or remove it."
        if kind == "phantom":
            fix = "Delete the phantom's folder; it is written again when it is next needed."
        raise DataError(f"{empty[0].image}: this file is empty (0 bytes){others}.\n{fix}")
    return {case.id: value for case, value in zip(cases, hashes, strict=True) if value is not None}


def _hash_file(path: Path) -> str | None:
    """SHA-256 (hex) of a file, or None for an empty one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.\nRestore it, or its permissions.") from error
    return hashlib.sha256(content).hexdigest() if content else None


def _status(root: Path | None, data_set: DataSet) -> DataStatus:
    if root is None:
        message = f"No data root is set: give --data-root or ${ROOT_VARIABLE}.\n{data_set.obtain}"
        return DataStatus(data_set.name, data_set.title, "missing", message, expected=data_set.expected_counts)
    expected = _expected_counts(data_set, root)
    kind = data_kind(root)
    state: Literal["missing", "broken"] = "missing"
    try:
        state = "broken" if find_data_sets(root, [data_set]) else "missing"
        data = read_data(data_set, root)
    except BenchError as error:
        return DataStatus(data_set.name, data_set.title, state, str(error), kind, expected=expected)
    groups = duplicate_groups(data.hashes)
    crossing = crossing_groups(groups, {case.id: case.owner_split for case in data.cases})
    return DataStatus(
        name=data_set.name,
        title=data_set.title,
        state="found",
        kind=kind,
        folder=data.folder,
        counts=data.counts,
        expected=expected,
        n_duplicate_groups=len(groups),
        n_crossing_owner_split=len(crossing),
        warnings=data.warnings,
    )


def _explain_missing(data_set: DataSet, root: Path) -> str:
    """Say why a data set was not found: a wrong level, a wrong name, or not there at all."""
    name, reader = data_set.name, data_set.reader
    for folder in (root, *root.parents):
        if reader.matches(folder):
            where = "is the data set's own folder" if folder == root else f"lies inside the data set's folder {folder}"
            rename = "" if folder.name == name else f"rename {folder} to {folder.parent / name} and "
            return f"{root}: this {where}, one level too low.\nTo fix it, {rename}give --data-root {folder.parent}"
    children = [root / child for child in _names(root) if (root / child).is_dir() and os.access(root / child, os.X_OK)]
    for child in children:
        if child.name.casefold() == name.casefold() or reader.matches(child):
            return f"{child}: this folder must be named exactly {name!r}.\nRename it to {root / name}"
    for child in children:
        if (child / name).is_dir():
            return f"{root}: this is one level too high for {name!r}.\nGive --data-root {child}"
    found = _names(root)
    names = (", ".join(found[:5]) + (", ..." if len(found) > 5 else "")) or "nothing"
    return f"{root / name}: this folder is missing (found in {root}: {names}).\n{data_set.obtain}"


def _names(folder: Path) -> list[str]:
    """Names in a folder, sorted, without hidden files."""
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be listed: {error.strerror}.\nCheck that it exists and is readable."
        ) from error
