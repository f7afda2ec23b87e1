"""Weights of the bootstrap: the same subject has the same weights wherever it stands."""

import numpy as np
import pytest

from bench.results.statistics.resampling import case_weights, scale_levels, seed_multipliers


def test_weights_belong_to_the_subject():
    together = case_weights(["a", "b", "a", "c"], 500)
    assert together.shape == (4, 500)
    assert (together[0] == together[2]).all()
    assert (together[[3, 1]] == case_weights(["c", "b"], 500)).all()
    assert (together[0] != together[1]).any()


def test_weights_are_poisson_with_mean_one():
    weights = case_weights([str(i) for i in range(200)], 500)
    assert weights.mean() == pytest.approx(1, abs=0.02)
    assert weights.var() == pytest.approx(1, abs=0.03)
    assert (weights == 0).mean() == pytest.approx(np.exp(-1), abs=0.01)


def test_multipliers_belong_to_the_seed():
    drawn = seed_multipliers((0, 1, 7), 500)
    assert (drawn[[2, 0]] == seed_multipliers((7, 0), 500)).all()
    assert drawn.std() == pytest.approx(1, abs=0.06)
    assert 0 < scale_levels("seeds", 500).min() < scale_levels("seeds", 500).max() < 1
