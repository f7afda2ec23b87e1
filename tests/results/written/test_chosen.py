"""Rows by name: unknown names give the closest, known ones that do not meet are said so."""

import pandas as pd
import pytest

from bench.core.errors import UsageError
from bench.results.written.chosen import Chosen

TABLE = pd.DataFrame(
    {
        "task": ["drive", "drive", "isic"],
        "protocol": ["linear", "finetune", "linear"],
        "method": ["simclr", "byol", "simclr"],
        "backbone": "resnet18",
    }
)


def test_names_of_several_columns_must_all_be_in_a_row():
    assert Chosen().of(TABLE).equals(TABLE)
    assert list(Chosen(task=("drive",)).of(TABLE).index) == [0, 1]
    assert list(Chosen(task=("drive", "isic"), method=("simclr",)).of(TABLE).index) == [0, 2]


def test_unknown_names_give_the_closest_and_all_that_there_are():
    with pytest.raises(UsageError, match=r"method 'simcrl'. Did you mean 'simclr'\? There are: byol, simclr."):
        Chosen(method=("simcrl",)).of(TABLE)


def test_names_that_never_meet_are_an_error_and_not_an_empty_table():
    with pytest.raises(UsageError, match="No records of task isic; method byol together"):
        Chosen(task=("isic",), method=("byol",)).of(TABLE)
    assert Chosen(task=("isic",), method=("byol",)).among(TABLE).empty, "a part of the table may have none"
