"""Shards: together the whole grid, apart from each other, of about equal length, and the same everywhere."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.core.errors import UsageError
from bench.runs.engines.shards import Part, Shard, cut, cut_name, unit_named

COSTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=6), st.none() | st.floats(0.1, 1e5), max_size=30)


@settings(deadline=None)
@given(COSTS, st.integers(1, 9))
def test_shards_are_disjoint_and_together_all(costs, total):
    shards = cut(costs, total)
    assert len(shards) == total
    assert sorted(key for shard in shards for key in shard) == sorted(costs)
    again = cut(dict(reversed(costs.items())), total)
    assert (again, cut_name(again)) == (shards, cut_name(shards))


@settings(deadline=None)
@given(st.lists(st.floats(1, 100), min_size=1, max_size=30), st.integers(1, 5))
def test_no_shard_is_much_longer_than_it_must_be(seconds, total):
    costs = {f"{number:02d}": one for number, one in enumerate(seconds)}
    longest = max(sum(costs[key] for key in shard) for shard in cut(costs, total))
    assert longest <= sum(seconds) / total + max(seconds) + 1e-6


def test_one_long_unit_stands_against_many_short_ones():
    assert sorted(map(sorted, cut({"a": 90.0, "b": 30.0, "c": 30.0, "d": 30.0}, 2))) == [["a"], ["b", "c", "d"]]


def test_what_is_unknown_counts_as_the_median():
    assert cut({"a": 10.0, "b": None, "c": 40.0, "d": 20.0}, 2) == cut({"a": 10.0, "b": 20.0, "c": 40.0, "d": 20.0}, 2)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4", "1/4/5"])
def test_a_wrong_shard_is_an_error(text):
    with pytest.raises(UsageError, match="expected i/n"):
        Shard.parse(text)


def test_a_part_is_a_shard_or_a_unit():
    assert Part.of("2/4", "") == Part(Shard(2, 4))
    assert Part.of("", "abcdef") == Part(None, "abcdef")
    with pytest.raises(UsageError, match="exclude"):
        Part.of("1/2", "abcdef")


def test_a_unit_is_named_by_first_digits():
    keys = ["0123456789", "0123456abc", "abcdef0123"]
    assert unit_named(keys, "abcdef") == "abcdef0123"
    for name in ("012345", "ffffff", "abc"):
        with pytest.raises(UsageError, match="bench plan --slurm"):
            unit_named(keys, name)
