"""Intervals over seeds and cases: parts of the variance, ranges, and what few seeds may say."""

import numpy as np
import pytest
from scipy import stats

from bench.results.statistics.resampling import case_weights
from bench.results.statistics.two_level import Scores, percentile_interval, resampled_means, spread_of

DRAWS = 4000


def scores(table, seeds=None, test_set="t"):
    """Of a table (seeds, cases) whose metric is the mean over the cases."""
    table = np.asarray(table, dtype=np.float32)
    weights = case_weights([str(i) for i in range(table.shape[1])], DRAWS)
    seeds = tuple(range(len(table))) if seeds is None else seeds
    draws = table @ weights / weights.sum(axis=0)
    return Scores(seeds, table.mean(axis=1).astype(float), draws, (test_set,) * len(table), table.shape[1])


def interval(one, low=-9.0, high=9.0):
    spread = spread_of(one.recorded, one.draws, one.n_subjects)
    return percentile_interval(resampled_means(one, spread, low, high))


def test_variance_of_seeds_and_cases_are_those_of_the_analysis_of_variance():
    generator = np.random.default_rng(0)
    table = generator.normal(0.1, size=(5, 1)) + generator.normal(size=(1, 200)) + generator.normal(size=(5, 200))
    one = scores(table)
    spread = spread_of(one.recorded, one.draws, 200)
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    shared = (rest**2).sum() / (4 * 199) / (5 * 200)
    assert spread.seeds == pytest.approx(table.mean(axis=1).var(ddof=1) / 5, rel=1e-5)
    assert spread.cases == pytest.approx(table.mean(axis=0).var(ddof=1) / 200, rel=0.1)
    assert spread.shared == pytest.approx(shared, rel=0.1)
    assert (spread.seed_df, spread.case_df) == (4, 199)


def test_cases_alone_give_students_t():
    values = np.random.default_rng(1).normal(size=(1, 40))
    expected = stats.t.interval(0.95, 39, values.mean(), stats.sem(values[0]))
    assert interval(scores(values)) == pytest.approx(expected, abs=0.06)
    same = np.repeat(values, 2, axis=0) + np.array([[0.0], [5.0]])
    low, high = interval(scores(same))
    assert high - low == pytest.approx(expected[1] - expected[0], abs=0.1), "two seeds say nothing about others"


def test_seeds_alone_give_students_t():
    means = [0.5, 0.62, 0.7]
    expected = stats.t.interval(0.95, 2, np.mean(means), stats.sem(means))
    table = np.repeat(np.array(means)[:, None], 50, axis=1)
    low, high = interval(scores(table))
    assert high - low == pytest.approx(expected[1] - expected[0], rel=0.1)


def test_intervals_stay_in_the_range():
    table = np.ones((3, 20))
    table[0, :6] = 0
    low, high = interval(scores(table), 0.0, 1.0)
    assert 0 <= low < high <= 1
    assert interval(scores(np.ones((3, 20))), 0.0, 1.0) == (1.0, 1.0)


def test_equal_scores_of_seeds_hide_no_case():
    """Three seeds that each miss other cases have the same mean; it is no surer than one seed's cases allow."""
    table = np.ones((3, 60))
    for seed in range(3):
        table[seed, 20 * seed : 20 * seed + 20] = 0
    low, high = interval(scores(table))
    assert high - low > 2 * 1.96 * np.sqrt(2 / 9 / 60 / 3) * 0.9


def test_there_is_no_interval_without_cases_or_where_the_metric_is_undefined():
    one = scores(np.ones((3, 10)))
    assert spread_of(one.recorded, one.draws, 1) is None
    assert spread_of(np.array([np.nan, 1.0, 1.0]), one.draws, 10) is None
    undefined = one.draws.copy()
    undefined[:, : DRAWS // 2 + 1] = np.nan
    assert spread_of(one.recorded, undefined, 10) is None
    undefined[:, DRAWS // 4 : DRAWS // 2 + 1] = 0.9
    assert spread_of(one.recorded, undefined, 10) is not None
