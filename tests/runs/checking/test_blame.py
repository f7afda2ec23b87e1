"""A mistake of a plugin is one error with class, member, line and advice."""

import pytest

from bench.core.errors import DataError, PluginError
from bench.runs.checking.blame import blaming, name_of, require


class Own:
    def fails(self):
        raise ValueError("no good\nsecond line")


def test_what_a_plugin_raises_names_class_line_and_advice():
    with (
        pytest.raises(
            PluginError, match=r"Own.fails raised ValueError: no good \(line 11 of .*test_blame.py\).\nDo so"
        ),
        blaming(Own(), "fails", "Do so."),
    ):
        Own().fails()


def test_an_error_that_names_its_fix_passes():
    with pytest.raises(DataError, match=r"^known$"), blaming(Own, "fails", "Do so."):
        raise DataError("known")


def test_what_does_not_hold():
    require(True, Own, " is wrong", "Do so.")
    with pytest.raises(PluginError, match=r"^Own is wrong.\nDo so.$"):
        require([], Own(), " is wrong", "Do so.")
    assert name_of(Own) == name_of(Own()) == "Own"
