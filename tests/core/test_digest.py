"""The one hash: of values, not of their order or layout."""

import hashlib

import pytest

from bench.core.digest import digest, digest_of_list


def test_it_is_the_sha256_of_compact_json_with_sorted_keys():
    assert digest({"b": [1, 2.5], "a": None}) == hashlib.sha256(b'{"a":null,"b":[1,2.5]}').hexdigest()


def test_order_of_keys_does_not_count_and_order_of_lists_does():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest([1, 2]) != digest([2, 1])
    assert digest((1, 2)) == digest([1, 2])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"a": value})


@pytest.mark.parametrize("size", [0, 1, 3, 20_001])
def test_a_long_list_has_the_same_hash_without_being_held(size):
    values = [["r\xf6ntgen", None, n] for n in range(size)]
    assert digest_of_list(iter(values)) == digest(values)
    assert digest_of_list(iter(values), "rule", 2) == digest([values, "rule", 2])
