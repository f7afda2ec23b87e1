"""Statistics over seeds, for many rows at once, against those of one row alone."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.results.statistics import intervals, means, tied


def test_one_seed_has_no_interval():
    [one] = intervals(pd.Series([0.4]), pd.Series([0])).to_dict("records")
    assert (one["seeds"], one["mean"]) == (1, 0.4)
    assert all(math.isnan(one[name]) for name in ("std", "low", "high"))


def test_intervals_are_those_of_scipy():
    generator = np.random.default_rng(0)
    rows = pd.Series(generator.integers(0, 40, 200))
    scores = pd.Series(generator.uniform(size=len(rows)))
    table = intervals(scores, rows)
    for row, own in scores.groupby(rows):
        expected = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own)) if len(own) > 1 else (math.nan,) * 2
        assert table.loc[row, ["low", "high"]].tolist() == pytest.approx(list(expected), nan_ok=True)


def test_an_undefined_score_leaves_its_row_alone_undefined():
    runs = pd.DataFrame({"a": [0.5, math.nan, 0.25, 0.75], "b": [1.0, 2.0, 3.0, 5.0]})
    rows = pd.Series([1, 1, 0, 0])
    assert means(runs, rows).to_dict("list") == {"a": [0.5, pytest.approx(math.nan, nan_ok=True)], "b": [4.0, 1.5]}
    table = intervals(runs["a"], rows)
    assert table["seeds"].tolist() == [2, 2]
    assert table.loc[1, ["mean", "std", "low", "high"]].isna().all()
    assert table.loc[0].notna().all()


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([0.0, 0.0], True),
        ([0.0], True),
        ([0.1], None),
        ([0.1, float("nan")], None),
        ([0.1, 0.1 + 1e-15], False),
        ([0.1, -0.1, 0.05], True),
        ([0.10, 0.11, 0.12], False),
    ],
)
def test_verdict_of_the_paired_test(differences, verdict):
    assert tied(pd.Series(differences), pd.Series([7] * len(differences))) == {7: verdict}


def test_paired_test_is_that_of_scipy():
    generator = np.random.default_rng(0)
    rows = pd.Series(np.arange(400) % 80)
    differences = pd.Series(generator.normal(0.5, 1, len(rows)))
    expected = {row: stats.ttest_1samp(v, 0).pvalue >= 0.05 for row, v in differences.groupby(rows)}
    assert tied(differences, rows) == expected
    assert set(expected.values()) == {True, False}
