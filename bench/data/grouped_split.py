"""`--split grouped`: no subject and no group of near duplicates stands on two sides; the owner's split is ignored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bench.core.task import Case
from bench.data.dataset import Data
from bench.data.duplicates import Group
from bench.data.splits import TEST_FRACTION, TEST_SEED, SplitCases, draw_validation, group_cases, make_split

GROUPED = "grouped"
"""What `--split` takes instead of a file."""
GROUPED_VERSION = "grouped-1"
"""Stands in the split's `given` and so in the identity; raised whenever the same data give another split or corpus."""


def draw_grouped_split(data: Data, groups: Iterable[Group], seed: int) -> SplitCases:
    """Draw test, validation and training cases from all cases, by whole groups and stratified by class.

    What moves together is all cases that are joined by a subject or by one of the disjoint `groups` (`Copies.near`),
    also through third cases. The test split has the owner's share of the cases, else 20 %, and is the same for every
    seed; validation is drawn from the rest by `seed`. Where the data set has domains, this holds for the first; all
    cases of the others, and what is grouped with them, are test cases.

    Raises:
        DataError: a class has too few groups to stand on both sides.
    """
    label = {case_id: group[0] for group in groups for case_id in group}
    grouped = replace(data, hashes={case.id: label.get(case.id, case.id) for case in data.cases})
    trained = data.data_set.domains[:1]
    cases: list[Case] = []
    foreign: list[Case] = []
    for group in group_cases(data.cases, grouped.hashes):
        (foreign if any(trained and case.domain != trained[0] for case in group) else cases).extend(group)
    cases.sort(key=lambda case: case.id)
    rest, test = draw_validation(_with_fraction(grouped, share_of_test(data)), cases, TEST_SEED)
    train, validation = draw_validation(grouped, rest, seed)
    return make_split(train, validation, test + foreign, seed, GROUPED_VERSION)


def share_of_test(data: Data) -> float:
    """The owner's share of test cases in the trained domain, else `TEST_FRACTION`."""
    trained = data.data_set.domains[:1]
    cases = [case for case in data.cases if not trained or case.domain == trained[0]]
    owned = sum(case.owner_split == "test" for case in cases)
    return owned / len(cases) if owned else TEST_FRACTION


def _with_fraction(data: Data, fraction: float) -> Data:
    """The data with another share for `draw_validation` to hold out."""
    return replace(data, data_set=replace(data.data_set, validation_fraction=fraction))
