"""Groups of cases that show the same: by content, and by content and near duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bench.core.console import Report
from bench.core.digest import digest, digest_of_list
from bench.data.cache import DiskCache
from bench.data.content import CONTENT_VERSION, Content, Source, content_keys, read_contents, sources_of
from bench.data.dataset import Data
from bench.data.duplicates import Group, crossing_groups, duplicate_groups
from bench.data.near_duplicates.search import SEARCH_VERSION, near_pairs

COPIES_VERSION = f"copies-{CONTENT_VERSION}.{SEARCH_VERSION}"
"""Of what counts as a copy: contents and the search for near duplicates."""


class CasePair(NamedTuple):
    """Two cases whose images are near duplicates, one pair for each pair of contents."""

    first: str
    second: str
    mirrored: bool
    similarity: float


@dataclass(frozen=True)
class Copies:
    """The groups of a data set. A volume is in groups by content alone; near duplicates are sought among images."""

    exact: tuple[Group, ...]
    """Cases whose images have equal pixels, or whose volumes equal voxels; sorted ids, at least two."""
    near: tuple[Group, ...]
    """Cases that are joined by equal content or near duplicates, also through third cases."""
    pairs: tuple[CasePair, ...]
    """The near duplicates, by their first cases."""
    contents: Mapping[str, Content] = field(default_factory=dict, repr=False)
    """SHA-256 of a file -> what it shows."""

    def labels(self, data: Data, *, near: bool) -> dict[str, str]:
        """Case id -> a name that it shares with its copies alone; near duplicates count where `near` says so."""
        groups = self.near if near else self.exact
        shared = {case_id: group[0] for group in groups for case_id in group}
        return {case.id: shared.get(case.id, case.id) for case in data.cases}


def find_copies(data: Data, report: Report, cache: DiskCache | None = None, *, near: bool = True) -> Copies:
    """Decode the images of a data set and group their copies; without `near`, those of equal content alone.

    Raises:
        DataError: an image cannot be decoded; names the file and the fix.
    """
    contents = read_contents(sources_of(data), report, cache)
    keys = content_keys(data, contents)
    exact = duplicate_groups(keys)
    if not near:
        return Copies(exact, exact, (), contents)
    found = near_contents(contents, report, cache)
    first = {key: case_id for case_id, key in sorted(keys.items(), reverse=True)}
    pairs = [CasePair(min(first[a], first[b]), max(first[a], first[b]), m, score) for a, b, m, score in found]
    return Copies(exact, join(keys, found), tuple(sorted(pairs)), contents)


_searched: dict[str, np.ndarray] = {}
"""What this process has searched: name of the contents -> rows. The same contents have the same near duplicates."""
NearContents = list[tuple[str, str, bool, float]]
"""Two keys of contents, whether one is mirrored, and their similarity."""


def near_contents(contents: Mapping[str, Content], report: Report, cache: DiskCache | None = None) -> NearContents:
    """The near duplicates among different contents; volumes are left out. The same contents are searched once."""
    thumbnails = {c.key: c.thumbnail for c in contents.values() if c.thumbnail is not None}
    keys = sorted(thumbnails)

    def search() -> np.ndarray:
        pairs = near_pairs(np.stack([thumbnails[key] for key in keys]), report) if len(keys) > 1 else []
        return np.array([(len(keys), 0, 0, 0), *pairs], np.float64)  # no file holds an empty array

    name = digest(["near duplicates", SEARCH_VERSION, CONTENT_VERSION, keys])
    if name not in _searched:
        _searched[name] = search() if cache is None else np.array(cache.get(name, search))
    rows = _searched[name]
    return [(keys[int(a)], keys[int(b)], bool(mirrored), score) for a, b, mirrored, score in rows[1:].tolist()]


def join(keys: Mapping[str, str], near: NearContents) -> tuple[Group, ...]:
    """Connected components of names (of cases or files) with equal keys or near ones; at least two names, sorted."""
    return duplicate_groups(components(keys, near))


def components(keys: Mapping[str, str], near: NearContents) -> dict[str, str]:
    """Name -> the name of its component: the smallest key in it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    order = sorted(set(keys.values()))
    place = {key: i for i, key in enumerate(order)}
    edges = [(place[a], place[b]) for a, b, *_ in near if a in place and b in place]
    rows, columns = np.array(edges, int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges), bool), (rows, columns)), shape=(len(order), len(order)))
    _, labels = connected_components(graph, directed=False)
    smallest: dict[int, str] = {}
    for key, label in zip(order, labels.tolist(), strict=True):
        smallest.setdefault(label, key)
    return {name: smallest[int(labels[place[key]])] for name, key in keys.items()}


def component_labels(
    decoders: Mapping[str, str], sources: Callable[[], Mapping[str, Source]], report: Report, cache: DiskCache | None
) -> tuple[list[str], np.ndarray]:
    """SHA-256 of files, sorted, and a number for each, (N,), that it shares with what shows the same, see `components`.

    Args:
        decoders: SHA-256 of a file -> name and version of what decodes it, see `Source`.
        sources: Gives the files themselves; called where the cache does not have the numbers.

    Raises:
        DataError: a file cannot be decoded.
    """
    files = sorted(decoders)

    def find() -> np.ndarray:
        contents = read_contents(sources(), report, cache)
        keys = {file: contents[file].key for file in files}
        component = components(keys, near_contents(contents, report, cache))
        _, labels = np.unique([component[file] for file in files], return_inverse=True)
        return labels.astype(np.int32)

    name = digest_of_list(([file, decoders[file]] for file in files), "components", COPIES_VERSION)
    return files, find() if cache is None else np.array(cache.get(name, find))


def describe_groups(groups: Sequence[Group], data: Data) -> dict[str, Any]:
    """Counts: groups, cases in them, groups across the owner's split, and groups whose cases differ in class."""
    sides = {case.id: case.owner_split for case in data.cases}
    classes = {case.id: case.target for case in data.cases if isinstance(case.target, int)}
    return {
        "n_groups": len(groups),
        "n_cases": sum(map(len, groups)),
        "n_crossing_owner_split": len(crossing_groups(groups, sides)),
        "n_contradictory": len(crossing_groups(groups, classes)),
        "n_test_cases_in_training": len(copied_test_cases(groups, data)),
    }


def copied_test_cases(groups: Iterable[Group], data: Data) -> list[str]:
    """Ids of the owner's test cases that share a group with one of the owner's training cases."""
    sides = {case.id: case.owner_split for case in data.cases}
    crossing = crossing_groups(groups, sides)
    return sorted(case_id for group in crossing for case_id in group if sides[case_id] == "test")
