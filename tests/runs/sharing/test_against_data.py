"""Stored targets, held against those of a data set's cases."""

from pathlib import Path

import pandas as pd
import pytest

from bench.core.task import Box, BoxTarget, Case
from bench.runs.sharing.against_data import target_differences


def case(name, target):
    return Case(name, Path(name), target, None)


def table(*targets):
    return pd.DataFrame({"target": pd.Series(list(targets), dtype=object)})


def boxes(*found):
    return BoxTarget(100, 100, tuple(Box(*one) for one in found))


@pytest.mark.parametrize(
    ("own", "stored", "same"),
    [
        (1, 1, True),
        (1, 0, False),
        (boxes((0, 1.0, 2.0, 3.0, 4.0)), [[0.0, 1.0, 2.0, 3.0, 4.02]], True),
        (boxes((0, 1.0, 2.0, 3.0, 4.0)), [[1.0, 1.0, 2.0, 3.0, 4.0]], False),
        (boxes((0, 1.0, 2.0, 3.0, 4.0)), [], False),
        (boxes(), [], True),
        (boxes(), None, True),
        (boxes(), [[1.0]], False),
        (None, 3, True),
    ],
)
def test_classes_and_boxes(own, stored, same):
    found = list(target_differences([case("a", own), case("b", own)], table(stored, stored)))
    assert found == [] if same else "2 of 2 stored targets" in found[0][1]


def test_tables_without_targets_say_nothing():
    assert list(target_differences([case("a", 1)], pd.DataFrame({"metric:dice": [0.5]}))) == []
