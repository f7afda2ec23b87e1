"""Splits: every case once, by seed, stratified, groups kept together."""

import csv
import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench.core.errors import DataError
from bench.core.task import Case
from bench.data.dataset import read_data
from bench.data.duplicates import find_duplicates
from bench.data.splits import draw_split, group_cases, write_split
from tasks.brain_tumor import BRAIN_TUMOR


@pytest.fixture(scope="module")
def phantom(whole_phantom_root):
    return read_data(BRAIN_TUMOR, whole_phantom_root)


def ids(cases):
    return {case.id for case in cases}


def with_cases(data, cases):
    return replace(data, cases=tuple(cases), hashes={c.id: data.hashes.get(c.id, c.id) for c in cases})


def test_split_covers_all_cases_once_and_keeps_the_owners_test(phantom):
    split = draw_split(phantom, 0)
    assert ids(split.test) == ids(c for c in phantom.cases if c.owner_split == "test")
    assert sorted(c.id for c in split.train + split.validation + split.test) == [c.id for c in phantom.cases]


def test_split_depends_on_the_seed_only(phantom):
    split = draw_split(phantom, 3)
    assert draw_split(replace(phantom, cases=phantom.cases[::-1]), 3) == split
    other = draw_split(phantom, 4)
    assert ids(other.validation) != ids(split.validation)
    assert other.fingerprint != split.fingerprint
    assert other.test == split.test


def test_split_is_stratified(phantom):
    validation = Counter(case.target for case in draw_split(phantom, 0).validation)
    assert set(validation) == {0, 1, 2, 3}
    assert all(abs(count - 15) <= 2 for count in validation.values())


def test_identical_files_and_subjects_stay_together(phantom):
    by_subject = [replace(c, subject=f"{c.target}-{i // 3}") for i, c in enumerate(phantom.cases)]
    data = with_cases(phantom, by_subject)
    for seed in range(10):
        split = draw_split(data, seed)
        for key in (lambda c: c.subject, lambda c: data.hashes[c.id]):
            assert not {key(c) for c in split.train} & {key(c) for c in split.validation}


def test_groups_join_through_third_cases():
    cases = [Case(i, Path(i), 0, "train", s) for i, s in zip("abcde", ["1", "2", "2", None, None], strict=True)]
    groups = group_cases(cases, {"a": "x", "b": "x", "c": "y", "d": "z", "e": "w"})
    assert [[c.id for c in group] for group in groups] == [["a", "b", "c"], ["d"], ["e"]]


def test_test_split_is_drawn_where_the_owner_gives_none(phantom):
    data = with_cases(phantom, [replace(c, owner_split=None) for c in phantom.cases])
    one, two = draw_split(data, 1), draw_split(data, 2)
    assert one.test == two.test
    assert one.validation != two.validation
    assert 0.17 <= len(one.test) / len(data.cases) <= 0.23
    assert find_duplicates(data, one).crossing_split == ()


def test_too_few_cases_of_a_class(phantom):
    train = [c for c in phantom.cases if c.owner_split == "train"]
    cases = [c for c in train if c.target] + [c for c in train if c.target == 0][:1]
    data = with_cases(phantom, [*cases, *(c for c in phantom.cases if c.owner_split == "test")])
    with pytest.raises(DataError, match="every class on both sides"):
        draw_split(data, 0)


def test_written_split_is_what_the_fingerprint_is_of(phantom, tmp_path):
    split = draw_split(phantom, 0)
    write_split(split, tmp_path / "split.csv")
    content = (tmp_path / "split.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == split.fingerprint
    rows = list(csv.DictReader(content.decode().splitlines()))
    assert [row["case"] for row in rows] == [case.id for case in phantom.cases]
    assert {row["case"] for row in rows if row["split"] == "validation"} == ids(split.validation)


def _owned(phantom, sides):
    """The phantom's cases with owner's splits in turn."""
    return with_cases(
        phantom, [replace(case, owner_split=sides[i % len(sides)]) for i, case in enumerate(phantom.cases)]
    )


def test_the_owners_validation_is_respected(phantom):
    data = _owned(phantom, ("train", "train", "validation", "test"))
    split = draw_split(data, 0)
    for side in ("train", "validation", "test"):
        assert ids(getattr(split, side)) == ids(c for c in data.cases if c.owner_split == side)
    assert draw_split(data, 7).fingerprint == split.fingerprint, "nothing is drawn"


def test_a_test_split_is_drawn_beside_the_owners_validation(phantom):
    data = _owned(phantom, ("train", "train", "train", "validation"))
    split = draw_split(data, 0)
    assert ids(split.validation) == ids(c for c in data.cases if c.owner_split == "validation")
    assert len(split.test) == pytest.approx(0.2 * (len(data.cases) - len(split.validation)), rel=0.15)
    assert split.test == draw_split(data, 5).test


def test_a_drawn_test_split_takes_no_subject_of_the_owners_validation(phantom):
    data = _owned(phantom, ("train", "train", "train", "validation"))
    cases = [replace(case, subject=f"s{i // 8}") for i, case in enumerate(data.cases) if i < 80]
    cases += [replace(case, owner_split="train", subject=f"t{i}") for i, case in enumerate(data.cases) if i >= 80]
    split = draw_split(with_cases(data, cases), 0)
    assert split.test
    assert not {c.subject for c in split.test} & {c.subject for c in split.validation}


def test_an_owners_split_without_training_cases_is_an_error(phantom):
    data = _owned(phantom, ("validation", "test"))
    with pytest.raises(DataError, match=r"validation cases and no training case.\nGive some"):
        draw_split(data, 0)
