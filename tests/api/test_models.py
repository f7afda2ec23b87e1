"""`bench.predict` from Python; what it scores is in tests/runs/kept/test_predict.py."""

import pytest

import bench
from bench.core.errors import UsageError


def test_an_unknown_option_names_the_closest():
    with pytest.raises(UsageError, match=r"Unknown option 'data_rot'. Did you mean 'data_root'"):
        bench.predict("0123456789ab", data_rot="x")


def test_it_is_the_function_of_the_command(tmp_path):
    with pytest.raises(UsageError, match="no run has the identity"):
        bench.predict("0123456789ab", results=tmp_path)
