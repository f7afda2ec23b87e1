"""Data sets on disk: finding the root, reading and fingerprinting cases, writing phantoms."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.errors import DataError
from bench.interfaces import Case, DataSet

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
    warnings = _compare_counts(data_set, kind, counts, expected_counts(data_set, root))
    return Data(data_set, folder, kind, cases, hashes, counts, warnings, fingerprint)


def find_data_sets(root: Path, data_sets: Iterable[DataSet]) -> dict[str, Path]:
    """The data sets whose folder exists under `root`: name -> folder. Contents are not looked at."""
    names = _names(root)
    return {d.name: root / d.name for d in data_sets if d.name in names and (root / d.name).is_dir()}


def count_cases(data_set: DataSet, cases: Iterable[Case]) -> Counts:
    """Count cases per owner split and class, in the order of `data_set.classes`; targets are class indices."""
    counts: Counts = {}
    for case in cases:
        split = counts.setdefault(case.owner_split or "all", dict.fromkeys(data_set.classes, 0))
        split[data_set.classes[case.target]] += 1
    return counts


def read_marker(root: Path) -> dict[str, Any]:
    """What `PHANTOM_MARKER` says about a root, or what a new one would say."""
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


def expected_counts(data_set: DataSet, root: Path) -> Mapping[str, Mapping[str, int]]:
    """The counts a data set should have: as published, or for phantoms as its marker says."""
    if data_kind(root) == "real":
        return data_set.expected_counts
    marked: Mapping[str, Mapping[str, int]] = read_marker(root)["data_sets"].get(data_set.name, {})
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
