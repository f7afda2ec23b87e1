"""What is wrong with a command is said before anything is read, all of it at once."""

from dataclasses import replace

import pytest

from bench.core.errors import BenchError, UsageError
from bench.runs.checks import check_places, check_request, lie_where_declared
from bench.runs.request import RunRequest
from tasks.brain_tumor import BRAIN_TUMOR

REQUEST = RunRequest(methods=("random",), tasks=("brain_tumor",))


def test_everything_that_is_wrong_is_one_error(tmp_path):
    wrong = replace(REQUEST, profile="papr", device="gpu", plugins=(tmp_path / "none.py",))
    with pytest.raises(BenchError) as caught:
        check_request(wrong)
    said = str(caught.value)
    assert "Unknown profile 'papr'. Did you mean 'paper'?" in said
    assert "Unknown device 'gpu'" in said
    assert "none.py does not exist" in said
    check_request(REQUEST)


def test_places_are_checked_together(tmp_path):
    wrong = replace(REQUEST, corpus="pol", data_root=tmp_path / "none")
    with pytest.raises(BenchError) as caught:
        check_places([], wrong)
    assert "--corpus 'pol'" in str(caught.value)
    assert "none" in str(caught.value)
    (tmp_path / "brain").mkdir()
    assert check_places([], replace(REQUEST, data_root=tmp_path)) == tmp_path


def test_a_split_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.csv: no such file\. It is a CSV file with the columns case and split"):
        check_places([], replace(REQUEST, split=tmp_path / "none.csv"))


def test_a_shipped_data_set_has_no_place_of_its_own():
    assert not lie_where_declared([BRAIN_TUMOR])


def test_a_named_split_is_of_some_data_sets(bench, tmp_path):
    options = ("-m", "random", "--split", "lvmmed", "--results", tmp_path / "r", "--cache", tmp_path / "c")
    done = bench("run", "-t", "buid,drive", *options)
    assert done.code == 2
    assert "--split lvmmed: no split of drive is published under this name" in done.err
    done = bench("run", "-t", "buid", *options)
    assert done.code == 3, "a phantom has not the cases of the data set"
    assert "its 647 cases are not in" in done.err
