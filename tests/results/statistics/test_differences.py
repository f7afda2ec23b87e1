"""Paired differences: what is paired, when it is tested, and what a design could have shown."""

import numpy as np
import pytest
from scipy import stats

from bench.results.statistics.differences import Difference, Law, difference
from tests.results.statistics.test_two_level import scores


def test_seeds_alone_give_the_paired_t_test():
    means = [0.5, 0.62, 0.7]
    table = np.repeat(np.array(means)[:, None], 50, axis=1)
    test = difference(scores(table), scores(np.zeros((3, 50))))
    assert (test.low, test.high) == pytest.approx(stats.t.interval(0.95, 2, np.mean(means), stats.sem(means)), abs=1e-3)
    assert test.p_of_zero() == pytest.approx(stats.ttest_1samp(means, 0).pvalue, abs=1e-4)


def test_law_is_the_sum_of_a_normal_and_a_t():
    generator = np.random.default_rng(0)
    law = Law(normal=0.5, scale=0.8, df=3)
    drawn = np.sqrt(0.5) * generator.normal(size=400_000) + np.sqrt(0.8) * generator.standard_t(3, 400_000)
    for distance in (0.0, 1.0, 3.0, 6.0):
        assert law.tail(distance) == pytest.approx((drawn > distance).mean(), abs=2e-3)
    assert law.distance(0.025) == pytest.approx(np.quantile(drawn, 0.975), rel=0.02)
    assert law.tail(law.distance(0.01)) == pytest.approx(0.01, rel=1e-3)


def test_no_variance_at_all():
    law = Law(0.0, 0.0, 2)
    assert (law.tail(0.1), law.tail(0.0), law.distance(0.025)) == (0.0, 1.0, 0.0)
    same = difference(scores(np.ones((3, 20))), scores(np.ones((3, 20))))
    assert (same.value, same.low, same.high, same.p_of_zero(), same.p_outside(0.02)) == (0, 0, 0, 1, 0)


def test_differences_are_paired_by_case_and_seed():
    generator = np.random.default_rng(2)
    base = generator.normal(size=(4, 100)) + generator.normal(size=(4, 1))
    above = base + 0.1 + generator.normal(0, 0.05, (4, 100))
    test = difference(scores(above), scores(base))
    assert test.low < 0.1 < test.high
    assert test.high - test.low < 0.1
    assert test.p_of_zero() < 0.001
    other = difference(scores(base), scores(above))
    assert (other.value, other.low) == (pytest.approx(-test.value), pytest.approx(-test.high))


def test_only_common_seeds_count_and_they_need_the_same_cases():
    table = np.random.default_rng(0).normal(size=(4, 50))
    moved = difference(scores(table, (0, 1, 2, 3)), scores(table[[3, 1, 0]] - 1, (3, 1, 0)))
    assert (moved.value, moved.seeds) == (pytest.approx(1), 3)
    assert np.isnan(difference(scores(table), scores(table, (7, 8, 9, 10))).value)
    elsewhere = difference(scores(table), scores(table, test_set="u"))
    assert (elsewhere.tested, elsewhere.seeds) == (False, 4)
    assert np.isnan(elsewhere.p_of_zero())


def test_fewer_than_three_seeds_are_not_tested():
    table = np.random.default_rng(0).normal(size=(2, 50))
    test = difference(scores(table + 5), scores(table * 0.5))
    assert np.isfinite(test.low)
    assert not test.tested
    assert np.isnan(test.p_of_zero())
    assert np.isnan(test.p_outside(0.02))


def test_equivalence_is_two_one_sided_tests():
    test = Difference(0.004, -0.01, 0.02, law=Law(0.0, 0.006**2, 12), seeds=3)
    expected = max(stats.t.sf((0.004 + 0.02) / 0.006, 12), stats.t.cdf((0.004 - 0.02) / 0.006, 12))
    assert test.p_outside(0.02) == pytest.approx(expected)
    assert np.isnan(test.p_outside(None))


def test_smallest_difference_is_found_with_the_power_that_is_said():
    generator = np.random.default_rng(0)
    found = []
    effect = 0.0
    for known in (False, True):
        effect = np.mean(found) if known else 0.0
        found = []
        for _ in range(400):
            noise = generator.normal(0, 0.05, (8, 1)) + generator.normal(0, 0.2, (8, 60))
            test = difference(scores(effect + noise), scores(np.zeros((8, 60))))
            found.append(test.p_of_zero() < 0.05 if known else test.smallest_shown)
    assert np.mean(found) == pytest.approx(0.8, abs=0.08)
