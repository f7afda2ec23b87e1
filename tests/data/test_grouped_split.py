"""The grouped split: no copies and no subject on two sides, one test split for all seeds, an evaluation of its own."""

from collections import Counter
from dataclasses import replace

import pytest

from bench.core.console import Report
from bench.core.errors import DataError
from bench.data.dataset import read_data
from bench.data.grouped_split import GROUPED_VERSION, draw_grouped_split, share_of_test
from bench.data.near_duplicates.groups import find_copies
from bench.data.splits import TEST_FRACTION, draw_split
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.dr_patient600 import DR_PATIENT600
from tasks.prostate import PROSTATE

QUIET = Report(quiet=True)


@pytest.fixture(scope="module")
def data(whole_phantom_root):
    return read_data(BRAIN_TUMOR, whole_phantom_root)


def sides_of(split):
    return {case.id: side for side, cases in split.sides.items() for case in cases}


@pytest.fixture(scope="module")
def groups(data):
    """Groups across classes and the owner's sides."""
    ids = [case.id for case in data.cases]
    return [(ids[i], ids[i + 100], ids[i + 200]) for i in range(0, 60, 10)]


def test_groups_stay_together_and_every_case_is_somewhere(data, groups):
    sides = sides_of(draw_grouped_split(data, groups, 0))
    assert sides.keys() == {case.id for case in data.cases}
    assert all(len({sides[i] for i in group}) == 1 for group in groups)
    owners = sides_of(draw_split(data, 0))
    assert any(len({owners[i] for i in group}) > 1 for group in groups), "the owner's split cuts some"


def test_test_is_the_same_for_all_seeds_and_of_the_owners_share(data, groups):
    zero, one = (draw_grouped_split(data, groups, seed) for seed in (0, 1))
    assert zero.test == one.test
    assert zero.validation != one.validation
    assert zero == draw_grouped_split(data, list(reversed(groups)), 0)
    wanted = share_of_test(data)
    assert wanted == sum(case.owner_split == "test" for case in data.cases) / len(data.cases)
    assert abs(len(zero.test) / len(data.cases) - wanted) < 0.05
    assert {case.owner_split for case in zero.test} == {"train", "test"}
    shares = Counter(case.target for case in zero.test)
    whole = Counter(case.target for case in data.cases)
    assert all(abs(shares[c] / whole[c] - wanted) < 0.15 for c in whole)


def test_it_is_an_evaluation_of_its_own(data):
    split = draw_grouped_split(data, [], 0)
    assert (split.given, split.seed) == (GROUPED_VERSION, 0)
    assert draw_split(data, 0).given is None


def test_subjects_and_groups_are_joined(data):
    subjects = {case.id: f"s{i // 4}" for i, case in enumerate(data.cases)}
    cases = tuple(replace(case, subject=subjects[case.id]) for case in data.cases)
    ids = [case.id for case in cases]
    groups = [(ids[0], ids[4]), (ids[5], ids[8])]
    sides = sides_of(draw_grouped_split(replace(data, cases=cases), groups, 3))
    assert len({sides[i] for i in ids[:12]}) == 1
    places = {}
    for case_id, subject in subjects.items():
        assert places.setdefault(subject, sides[case_id]) == sides[case_id]


def test_other_domains_and_their_copies_are_tested_on(segmentation_root):
    data = read_data(PROSTATE, segmentation_root)
    home = [case.id for case in data.cases if case.domain == PROSTATE.domains[0]]
    away = [case.id for case in data.cases if case.domain != PROSTATE.domains[0]]
    sides = sides_of(draw_grouped_split(data, [(home[0], away[0])], 0))
    assert {sides[i] for i in [home[0], *away]} == {"test"}
    assert {sides[i] for i in home} == {"train", "validation", "test"}
    assert share_of_test(data) == TEST_FRACTION


def test_one_group_of_everything_cannot_be_split(data):
    with pytest.raises(DataError, match="cannot hold out"):
        draw_grouped_split(data, [tuple(case.id for case in data.cases)], 0)


@pytest.mark.slow
@pytest.mark.real_data
def test_real_brain_tumor_without_leaks(real_root):
    data = read_data(BRAIN_TUMOR, real_root)
    copies = find_copies(data, QUIET)
    split = draw_grouped_split(data, copies.near, 0)
    sides = sides_of(split)
    assert all(len({sides[i] for i in group}) == 1 for group in copies.near)
    assert 0.09 <= len(split.test) / 3264 <= 0.15
    assert {case.target for case in split.test} == {0, 1, 2, 3}


@pytest.mark.slow
@pytest.mark.real_data
def test_patients_stay_together(real_root):
    data = read_data(DR_PATIENT600, real_root)
    sides = sides_of(draw_grouped_split(data, find_copies(data, QUIET).near, 0))
    places = {}
    for case in data.cases:
        assert places.setdefault(case.subject, sides[case.id]) == sides[case.id]
    same = [side for name, side in sides.items() if "Patient299_" in name or "Patient300_" in name]
    assert len(same) == 4
    assert len(set(same)) == 1, "two patients whose files are the same"
