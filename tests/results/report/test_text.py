"""Numbers and links as the report writes them."""

import math

from bench.results.report.text import between, link_to, plain, ranks, short, sort_key


def test_undefined_numbers_are_said_or_empty():
    assert between(math.nan, math.nan) == ranks(math.nan, 1, 2) == "n/a"
    assert short(None) == short(math.nan) == sort_key(math.nan) == sort_key(None) == ""


def test_numbers_have_the_form_of_the_boards():
    assert between(0.605, 0.7) == "60.5 to 70.0"
    assert (ranks(2, 1, 3), ranks(2, math.nan, math.nan)) == ("2 (1 to 3)", "2")
    assert (short(11178564.0, 1e6), sort_key(0.5)) == ("11.2", "0.5")


def test_fields_are_one_line():
    assert plain({"b": 1, "a": [None]}) == '{"a": [null], "b": 1}'
    assert (plain(None), plain("x")) == ("none", "x")


def test_links_cannot_end_their_attribute():
    assert link_to('../a "b"/<c>#?.json') == "../a%20%22b%22/%3Cc%3E%23%3F.json"
    assert link_to("a\udcff") == "a%5Cxff"
