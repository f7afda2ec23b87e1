"""Data sets on disk: finding the root, reading and fingerprinting cases, writing phantoms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import reading
from bench.core.task import Case, DataSet, RemarkingReader
from bench.data.contract.cases import content_hash
from bench.data.fingerprints.files import EMPTY, Fingerprints
from bench.data.own.cases import list_cases
from bench.data.root import PHANTOM_MARKER, Kind, data_kind, explain_missing, folder_name, folder_of, names_in

PHANTOM_VERSION = 1
"""Raised whenever a phantom generator writes other bytes than before."""
PHANTOM_SEED = 0

Counts = dict[str, dict[str, int]]
"""Domain, or owner split, or `all` where there is neither -> class name, or `cases` for cases without one -> number."""


@dataclass(frozen=True)
class Data:
    """A data set as found on disk."""

    data_set: DataSet
    folder: Path
    kind: Kind
    cases: tuple[Case, ...]
    """Sorted by id."""
    hashes: Mapping[str, str]
    """Case id -> SHA-256 (hex) of its file, or of its part of the file, see `content_hash`."""
    counts: Counts
    warnings: tuple[str, ...]
    """Where the counts differ from what was expected, what this copy lacks, and what it stands in for."""
    fingerprint: str
    """SHA-256 (hex) over every case's id, file hash and target, and its domain and label files where it has any."""
    label_hashes: Mapping[str, str] = field(default_factory=dict)
    """Case id -> SHA-256 (hex) over the contents of its label files; only cases that have any."""


def read_data(data_set: DataSet, root: Path, fingerprints: Fingerprints | None = None) -> Data:
    """Read a data set from a data root, hash its files and compare its counts with the expected ones.

    Every file is read, unless `fingerprints` knows those that did not change.

    Raises:
        DataError: the data set is not under `root` (the message tells a wrong level from a missing set), its layout
            is wrong, or a file is empty or unreadable.
    """
    folder = folder_of(data_set, root)
    named = folder.parent != root or folder.name in names_in(root)  # upper and lower case are told apart
    if not named or not folder.is_dir():
        raise DataError(explain_missing(data_set, root.resolve()))
    kind = data_kind(root)
    with reading(folder, "Restore the data set from the owner's archive.", what="cannot be read as a data set"):
        cases = tuple(list_cases(data_set, folder))
    by_path = _hash_files(cases, kind, fingerprints or Fingerprints())
    hashes = {case.id: content_hash(case, by_path[case.image]) for case in cases}
    label_hashes = {case.id: _digest(by_path[path] for path in case.labels) for case in cases if case.labels}
    counts = count_cases(data_set, cases)
    own = data_set.declared is not None
    fingerprint = _digest(_fingerprint_line(case, hashes, label_hashes, own=own) for case in cases)
    warnings = compare_counts(data_set, kind, counts, expected_counts(data_set, root))
    if isinstance(data_set.reader, RemarkingReader):
        warnings += tuple(f"{data_set.name}: {remark}" for remark in data_set.reader.remarks(cases))
    warnings += _crossing_subjects(data_set, cases)
    if data_set.stand_in_for:
        what = f"a stand-in for {data_set.stand_in_for}; its scores are not that data set's"
        warnings += (f"{data_set.name}: {what}.",)
    return Data(data_set, folder, kind, cases, hashes, counts, warnings, fingerprint, label_hashes)


def _crossing_subjects(data_set: DataSet, cases: Iterable[Case]) -> tuple[str, ...]:
    """A warning where the owner's split, or that between sites, has one subject on two sides."""
    sides: dict[str, set[str]] = {}
    for case in cases:
        if case.subject is not None:
            foreign = data_set.domains and case.domain != data_set.domains[0]
            sides.setdefault(case.subject, set()).add("test" if foreign else case.owner_split or "train")
    crossing = sorted(subject for subject, found in sides.items() if len(found) > 1)
    if not crossing:
        return ()
    between = f"{'sites or of ' if data_set.domains else ''}the owner's split"
    return (
        f"{data_set.name}: {len(crossing)} of {len(sides)} subjects have cases on two sides of {between}, as "
        f"{one_line(crossing[0])}: scores reward memory of them.",
    )


def find_data_sets(root: Path, data_sets: Iterable[DataSet]) -> dict[str, Path]:
    """The data sets whose folder exists under `root`: name -> folder.

    Contents are looked at only where several data sets may share a folder, so that it says little who is in it.
    """
    names = names_in(root)
    folders = {d.name: (d, folder_of(d, root)) for d in data_sets if d.declared or folder_name(d) in names}
    return {
        name: folder
        for name, (data_set, folder) in folders.items()
        if folder.is_dir() and (not data_set.folder or _matches(data_set, folder))
    }


def _matches(data_set: DataSet, folder: Path) -> bool:
    """Whether it is in its folder; a reader that fails here says why when it reads."""
    try:
        return bool(data_set.reader.matches(folder))
    except Exception:  # of a plugin
        return True


def count_cases(data_set: DataSet, cases: Iterable[Case]) -> Counts:
    """Count cases per domain or owner split, and per class where targets are class indices, in the classes' order."""
    counts: Counts = {}
    for case in cases:
        has_class = isinstance(case.target, int)
        names = data_set.classes if has_class else ("cases",)
        split = counts.setdefault(case.domain or case.owner_split or "all", dict.fromkeys(names, 0))
        name = "cases"
        if has_class:
            known = 0 <= case.target < len(data_set.classes)
            name = data_set.classes[case.target] if known else f"unknown label {case.target}"
        split[name] = split.get(name, 0) + 1
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


def compare_counts(
    data_set: DataSet, kind: Kind, counts: Counts, expected: Mapping[str, Mapping[str, int]]
) -> tuple[str, ...]:
    """One sentence for every count that differs from the expected one; none where none is expected."""
    if not expected:
        return ()
    source = "as published" if kind == "real" else f"by {PHANTOM_MARKER}"
    pairs = [
        (split, name, counts.get(split, {}).get(name, 0), expected.get(split, {}).get(name, 0))
        for split in sorted(counts.keys() | expected.keys())
        for name in expected.get(split, counts.get(split, {}))
    ]
    return tuple(
        f"{data_set.name}: {split}/{name} has {found} cases; {wanted} were expected ({source})."
        for split, name, found, wanted in pairs
        if found != wanted
    )


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _fingerprint_line(case: Case, hashes: Mapping[str, str], label_hashes: Mapping[str, str], *, own: bool) -> str:
    line = f"{case.id}\t{hashes[case.id]}\t{case.target}"
    line += f"\t{case.domain}\t{label_hashes[case.id]}" if case.labels else ""
    return line + (f"\t{case.owner_split}\t{case.subject}\t{case.domain}" if own else "")


def _hash_files(cases: tuple[Case, ...], kind: Kind, fingerprints: Fingerprints) -> dict[Path, str]:
    """SHA-256 (hex) of every image and label file. Raises `DataError` naming files that are empty or unreadable."""
    paths = list(dict.fromkeys(path for case in cases for path in (case.image, *case.labels)))
    hashes = list(map(bytes, fingerprints.hashes(list(map(str, paths)), "Restore it, or its permissions.")))
    empty = [path for path, value in zip(paths, hashes, strict=True) if value == EMPTY]
    if empty:
        names = ", ".join("/".join(path.parts[-3:]) for path in empty[1:4])
        others = f" ({len(empty) - 1} more like it: {names})" if len(empty) > 1 else ""
        fix = "Restore this file from the owner's archive, or remove it."
        if kind == "phantom":
            fix = "Delete the phantom's folder; it is written again when it is next needed."
        raise DataError(f"{empty[0]}: this file is empty (0 bytes){others}.\n{fix}")
    return {path: value.hex() for path, value in zip(paths, hashes, strict=True)}
