"""What every layout is held to, and what its base gives."""

import pytest
from pydantic import Field, ValidationError

from bench.core.errors import DataError
from bench.core.layout import Layout


class Bare(Layout):
    kinds = ("classification",)
    example = 'type = "bare"'
    depth: int = Field(1, description="Levels of folders.")

    def reader(self, kind, classes):
        raise NotImplementedError


def test_options_are_frozen_and_unknown_ones_are_errors(tmp_path):
    layout = Bare(depth=2)
    with pytest.raises(ValidationError):
        layout.depth = 3
    with pytest.raises(ValidationError):
        Bare(deepth=2)
    assert layout.classes(tmp_path, "classification") == ()
    assert layout.sites(tmp_path, "classification") == ()


def test_a_layout_without_phantom_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"Bare writes no synthetic data.\nRun on the data set itself"):
        Bare().write_phantom(tmp_path, "classification", ("a", "b"), 0)
