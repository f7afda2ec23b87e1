"""Byte-identical files: found, named, and told apart by what they concern."""

from dataclasses import replace

import pytest

from bench.data.dataset import read_data
from bench.data.duplicates import find_duplicates
from bench.data.splits import draw_split
from tasks.brain_tumor import BRAIN_TUMOR


@pytest.fixture(scope="module")
def phantom(whole_phantom_root):
    return read_data(BRAIN_TUMOR, whole_phantom_root)


def test_phantom_duplicates_are_found(phantom):
    overlap = find_duplicates(phantom, draw_split(phantom, 0))
    assert (overlap.n_groups, overlap.n_files) == (4, 8)
    assert len(overlap.crossing_owner_split) == len(overlap.crossing_split) == 2
    assert overlap.affected_test_cases == ("Testing/meningioma_tumor/image(3).jpg", "Testing/no_tumor/image.jpg")
    assert overlap.contradictory == ()
    assert (overlap.counts["n_groups"], overlap.counts["n_affected_test_cases"]) == (4, 2)
    assert overlap.groups_by_concern["affected_test_cases"] == overlap.affected_test_cases


def test_contradictory_labels_and_groups_inside_test(phantom):
    split = draw_split(phantom, 0)
    a, b = split.test[0].id, split.test[-1].id
    data = replace(phantom, hashes={**phantom.hashes, a: "same", b: "same"})
    overlap = find_duplicates(data, split)
    assert overlap.contradictory == ((a, b),)
    assert (a, b) in overlap.groups
    assert (a, b) not in overlap.crossing_split
    assert a not in overlap.affected_test_cases


@pytest.mark.real_data
def test_real_brain_tumor(real_root):
    data = read_data(BRAIN_TUMOR, real_root)
    assert len(data.cases) == 3264
    assert data.warnings == ()
    split = draw_split(data, 0)
    overlap = find_duplicates(data, split)
    assert overlap.n_groups == 166
    assert len(overlap.crossing_owner_split) == len(overlap.crossing_split) == 64
    assert len(overlap.affected_test_cases) == 88
    assert 0.28 <= len(split.validation) / 2870 <= 0.32
