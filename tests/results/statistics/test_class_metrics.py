"""Metrics under weights are those of cases that stand as often as their weight says."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, recall_score

from bench.results.statistics.class_metrics import class_metrics
from tasks.kinds.classification import quadratic_kappa, score_classes


@pytest.fixture
def example():
    generator = np.random.default_rng(3)
    target = generator.integers(0, 3, 60)
    logits = generator.normal(size=(60, 3)) + 1.2 * np.eye(3)[target]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return target, probabilities.round(1), generator.poisson(1, (60, 8)).astype(np.float32)  # rounding makes ties


def test_weighted_metrics_are_those_of_repeated_cases(example):
    target, probabilities, weights = example
    found = class_metrics(target, probabilities, weights)
    for draw in range(weights.shape[1]):
        times = weights[:, draw].astype(int)
        chosen, own = np.repeat(target, times), np.repeat(probabilities, times, axis=0)
        expected = score_classes(chosen, own) | {"quadratic_kappa": quadratic_kappa(chosen, own.argmax(axis=1), 3)}
        assert {name: found[name][draw] for name in expected} == pytest.approx(expected, abs=1e-5)
        squares = np.mean(np.square(own - np.eye(3)[chosen]).sum(axis=1))
        assert found["brier"][draw] == pytest.approx(squares, abs=1e-5)


def test_what_is_undefined_in_a_draw_is_nan(example):
    target, probabilities, _ = example
    without_a_class = (target != 1).astype(np.float32)[:, None]
    found = class_metrics(target, probabilities, without_a_class)
    assert np.isnan(found["macro_auroc"][0])
    assert np.isfinite([found[name][0] for name in ("accuracy", "balanced_accuracy", "macro_f1")]).all()
    one = np.zeros((60, 1), np.float32)
    one[np.flatnonzero((target == 0) & (probabilities.argmax(axis=1) == 0))[0]] = 1
    assert np.isnan(class_metrics(target, probabilities, one)["quadratic_kappa"][0])
    assert np.isnan(class_metrics(target, probabilities, np.zeros((60, 1), np.float32))["accuracy"][0])


def test_sensitivity_and_specificity_are_recalls_at_one_half_of_two_classes():
    generator = np.random.default_rng(0)
    target, p = generator.integers(0, 2, 50), generator.uniform(size=50)
    found = class_metrics(target, np.stack([1 - p, p], axis=1), np.ones((50, 1), np.float32))
    recalls = recall_score(target, p > 0.5, average=None)
    assert [found["specificity"][0], found["sensitivity"][0]] == pytest.approx(list(recalls))
    assert found["brier"][0] == pytest.approx(2 * brier_score_loss(target, p), abs=1e-5)
    assert "sensitivity" not in class_metrics(target, np.eye(3)[target], np.ones((50, 1), np.float32))


def test_calibration_error_by_hand():
    """Four cases of confidence 0.9, three of them right; two of 0.6, none right."""
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 2)
    target = np.array([0, 0, 0, 1, 1, 1])
    found = class_metrics(target, probabilities, np.ones((6, 1), np.float32))["ece"][0]
    assert found == pytest.approx((4 * abs(0.75 - 0.9) + 2 * 0.6) / 6, abs=1e-6)
    sure = class_metrics(target, np.eye(2)[target], np.ones((6, 1), np.float32))
    assert sure["ece"][0] == sure["brier"][0] == 0
