"""Exact duplicates: files with the same bytes, and whether they stand on both sides of a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.data.dataset import Data
    from bench.data.splits import SplitCases

Group = tuple[str, ...]
"""Ids of the cases whose files are identical, sorted; at least two."""


@dataclass(frozen=True)
class Overlap:
    """Groups of byte-identical files in a data set, seen against the split in use and the owner's split."""

    groups: tuple[Group, ...]
    """All groups, anywhere in the data set."""
    crossing_split: tuple[Group, ...]
    """Groups on more than one side of train / validation / test."""
    crossing_owner_split: tuple[Group, ...]
    """Groups on both sides of the owner's train / test."""
    contradictory: tuple[Group, ...]
    """Groups whose cases have different targets."""
    affected_test_cases: tuple[str, ...]
    """Test cases that are identical to a train or validation case, sorted."""

    @property
    def n_groups(self) -> int:
        """Number of groups of identical files."""
        return len(self.groups)

    @property
    def n_files(self) -> int:
        """Number of files in those groups."""
        return sum(map(len, self.groups))

    @property
    def counts(self) -> dict[str, int]:
        """How many groups and files, and how many of what is the matter with them."""
        return {
            "n_groups": self.n_groups,
            "n_files": self.n_files,
            "n_crossing_split": len(self.crossing_split),
            "n_crossing_owner_split": len(self.crossing_owner_split),
            "n_contradictory": len(self.contradictory),
            "n_affected_test_cases": len(self.affected_test_cases),
        }

    @property
    def groups_by_concern(self) -> dict[str, tuple[Group, ...] | tuple[str, ...]]:
        """The names behind the counts: groups that are worth a look, and the test cases that are not clean."""
        return {
            "crossing_split": self.crossing_split,
            "crossing_owner_split": self.crossing_owner_split,
            "contradictory": self.contradictory,
            "affected_test_cases": self.affected_test_cases,
        }


def find_duplicates(data: Data, split: SplitCases) -> Overlap:
    """Find byte-identical files in `data` and where they stand in `split`."""
    groups = duplicate_groups(data.hashes)
    side = {case.id: "train" for case in split.train}
    side |= {case.id: "validation" for case in split.validation}
    side |= {case.id: "test" for case in split.test}
    crossing = crossing_groups(groups, side)
    targets = {case.id: data.label_hashes.get(case.id, case.target) for case in data.cases}
    return Overlap(
        groups=groups,
        crossing_split=crossing,
        crossing_owner_split=crossing_groups(groups, {case.id: case.owner_split for case in data.cases}),
        contradictory=crossing_groups(groups, targets),
        affected_test_cases=tuple(sorted(i for group in crossing for i in group if side.get(i) == "test")),
    )


def duplicate_groups(hashes: Mapping[str, str]) -> tuple[Group, ...]:
    """Group case ids by equal hash; groups of one are left out. Sorted by first id."""
    by_hash: dict[str, list[str]] = defaultdict(list)
    for case_id in sorted(hashes):
        by_hash[hashes[case_id]].append(case_id)
    return tuple(sorted(tuple(ids) for ids in by_hash.values() if len(ids) > 1))


def crossing_groups(groups: Iterable[Group], place: Mapping[str, Any]) -> tuple[Group, ...]:
    """Keep the groups whose members have more than one `place`; members without a place (None, absent) do not count."""

    def crosses(group: Group) -> bool:
        places = [place[i] for i in group if place.get(i) is not None]
        return any(other != places[0] for other in places[1:])

    return tuple(group for group in groups if crosses(group))
