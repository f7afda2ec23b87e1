"""Statistics over seeds, for many rows at once, against those of one row alone."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.results.statistics.seeds import deviations, holm, means, seed_intervals


def test_one_seed_has_no_interval():
    [one] = seed_intervals(pd.Series([0.4]), pd.Series([0])).to_dict("records")
    assert (one["seeds"], one["mean"]) == (1, 0.4)
    assert all(math.isnan(one[name]) for name in ("std", "low", "high"))


def test_intervals_are_those_of_scipy():
    generator = np.random.default_rng(0)
    rows = pd.Series(generator.integers(0, 40, 200))
    scores = pd.Series(generator.uniform(size=len(rows)))
    table = seed_intervals(scores, rows)
    for row, own in scores.groupby(rows):
        expected = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own)) if len(own) > 1 else (math.nan,) * 2
        assert table.loc[row, ["low", "high"]].tolist() == pytest.approx(list(expected), nan_ok=True)


def test_an_undefined_score_leaves_its_row_alone_undefined():
    runs = pd.DataFrame({"a": [0.5, math.nan, 0.25, 0.75], "b": [1.0, 2.0, 3.0, 5.0]})
    rows = pd.Series([1, 1, 0, 0])
    assert means(runs, rows).to_dict("list") == {"a": [0.5, pytest.approx(math.nan, nan_ok=True)], "b": [4.0, 1.5]}
    table = seed_intervals(runs["a"], rows)
    assert table["seeds"].tolist() == [2, 2]
    assert table.loc[1, ["mean", "std", "low", "high"]].isna().all()
    assert table.loc[0].notna().all()


def test_deviations_are_those_of_the_intervals():
    scores, rows = pd.Series([0.5, 0.7, 0.1]), pd.Series([0, 0, 1])
    assert deviations(scores, rows).equals(seed_intervals(scores, rows)[["seeds", "mean", "std"]])


def test_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.5, 0.9])).tolist() == [1.0, 1.0]


def test_tests_that_were_not_made_do_not_count_in_the_correction():
    assert holm(np.array([math.nan, 0.02, math.nan, 0.03])).tolist() == pytest.approx(
        [math.nan, 0.04, math.nan, 0.04], nan_ok=True
    )
    assert holm(np.array([])).tolist() == []
