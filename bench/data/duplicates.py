"""Copies of images and whether they stand on both sides of a split: of equal content, and nearly equal ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.data.dataset import Data
    from bench.data.splits import SplitCases

Group = tuple[str, ...]
"""Ids of the cases that are copies of each other, sorted; at least two."""


@dataclass(frozen=True)
class Overlap:
    """Groups of copies in a data set, seen against the split in use and the owner's split."""

    groups: tuple[Group, ...]
    """All groups, anywhere in the data set."""
    crossing_split: tuple[Group, ...]
    """Groups on more than one side of train / validation / test."""
    crossing_owner_split: tuple[Group, ...]
    """Groups on both sides of the owner's train / test."""
    contradictory: tuple[Group, ...]
    """Groups whose cases have different targets."""
    affected_test_cases: tuple[str, ...]
    """Test cases with the same content as a train or validation case, sorted."""
    near_affected_test_cases: tuple[str, ...] = ()
    """Those, and test cases that are near duplicates of a train or validation case, sorted."""

    @property
    def n_groups(self) -> int:
        """Number of groups of equal content."""
        return len(self.groups)

    @property
    def n_files(self) -> int:
        """Number of cases in those groups."""
        return sum(map(len, self.groups))

    @property
    def counts(self) -> dict[str, int]:
        """How many groups and cases, and how many of what is the matter with them."""
        return {
            "n_groups": self.n_groups,
            "n_files": self.n_files,
            "n_crossing_split": len(self.crossing_split),
            "n_crossing_owner_split": len(self.crossing_owner_split),
            "n_contradictory": len(self.contradictory),
            "n_affected_test_cases": len(self.affected_test_cases),
            "n_near_affected_test_cases": len(self.near_affected_test_cases),
        }

    @property
    def groups_by_concern(self) -> dict[str, tuple[Group, ...] | tuple[str, ...]]:
        """The names behind the counts: groups that are worth a look, and the test cases that are not clean."""
        return {
            "crossing_split": self.crossing_split,
            "crossing_owner_split": self.crossing_owner_split,
            "contradictory": self.contradictory,
            "affected_test_cases": self.affected_test_cases,
            "near_affected_test_cases": self.near_affected_test_cases,
        }


def find_duplicates(
    data: Data, split: SplitCases, exact: Mapping[str, str] | None = None, near: Mapping[str, str] | None = None
) -> Overlap:
    """Find copies in `data` and where they stand in `split`.

    `exact` and `near` map a case's id to a name that it shares with its copies, see `Copies.labels`; without them,
    copies are byte-identical files.
    """
    groups = duplicate_groups(data.hashes if exact is None else exact)
    side = {case.id: name for name, cases in split.sides.items() for case in cases}
    crossing = crossing_groups(groups, side)
    nearly = crossing if near is None else crossing_groups(duplicate_groups(near), side)
    targets = {case.id: data.label_hashes.get(case.id, case.target) for case in data.cases}
    return Overlap(
        groups=groups,
        crossing_split=crossing,
        crossing_owner_split=crossing_groups(groups, {case.id: case.owner_split for case in data.cases}),
        contradictory=crossing_groups(groups, targets),
        affected_test_cases=_tested(crossing, side),
        near_affected_test_cases=_tested((*crossing, *nearly), side),
    )


def _tested(groups: Iterable[Group], side: Mapping[str, str]) -> tuple[str, ...]:
    """The test cases in groups that cross the split; a group within the test split is no copy of a training image."""
    return tuple(sorted({i for group in groups for i in group if side.get(i) == "test"}))


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
