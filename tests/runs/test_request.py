"""What was asked, from texts or from Python, as one form."""

import dataclasses
from pathlib import Path

import pytest

from bench.core.errors import UsageError
from bench.runs.request import RunRequest, names_of, paths_of, sections_of, seeds_of


@pytest.mark.parametrize(
    ("names", "found"), [(None, ()), ("a", ("a",)), (["a", " b ", ""], ("a", "b")), (" ", ()), (iter("ab"), ("a", "b"))]
)
def test_names_are_one_several_or_none(names, found):
    assert names_of(names) == found


def test_seeds_are_a_number_or_themselves_once_each():
    assert seeds_of(3) == (0, 1, 2)
    assert seeds_of([7, 1, 7]) == (7, 1)


def test_settings_may_be_nested_or_have_dots():
    flat, nested = (
        sections_of({"method.lr": 1, "task.size": 2}),
        sections_of({"method": {"lr": 1}, "task": {"size": 2}}),
    )
    assert flat == nested == [("method", "lr", 1), ("task", "size", 2)]
    assert sections_of({"epochs": 1}) == [("epochs", "", 1)]


def test_paths():
    assert paths_of(["a", Path("b")]) == (Path("a"), Path("b"))


def test_a_request_cannot_be_changed_and_asks_for_three_seeds():
    request = RunRequest()
    assert (request.seeds, request.profile, request.corpus) == ((0, 1, 2), "quick", "pool")
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.seeds = (1,)


@pytest.mark.parametrize("seeds", [0, -1, 10**9, [-1], [2**32], [10**5000], [True], [0.5]])
def test_seeds_out_of_range_are_an_error(seeds):
    with pytest.raises(UsageError, match="expected"):
        seeds_of(seeds)
