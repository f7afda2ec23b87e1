"""Logistic regression along a path: scikit-learn's own solution for each C, and classes without images."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bench.evaluation.regression import predict_by, regression_path


@pytest.fixture
def made():
    rng = np.random.default_rng(0)
    classes = np.arange(60) % 3
    return rng.normal(size=(60, 6)) + np.eye(3, 6)[classes], classes, rng.normal(size=(15, 6))


def test_each_of_the_path_is_the_regression_of_its_own(made):
    bank, classes, queries = made
    path = (0.01, 1.0, 10.0)
    found = {fit.c: fit.predictions for fit in regression_path(bank, classes, [queries, bank], 3, path)}
    assert list(found) == list(path)
    for c, (logs, own) in found.items():
        alone = LogisticRegression(C=c, max_iter=1000, tol=1e-8).fit(bank, classes)
        assert np.exp(logs) == pytest.approx(alone.predict_proba(queries), abs=0.02)
        assert own.shape == (60, 3)


def test_others_are_predicted_by_the_solution_as_in_the_fit(made):
    bank, classes, queries = made
    for fit in list(regression_path(bank, classes, [queries], 3, (0.01, 10.0))):
        assert (predict_by(fit.solution, queries, 3) == fit.predictions[0]).all(), "also of a fit before the last"


def test_a_class_without_images_and_one_class_alone():
    rng = np.random.default_rng(0)
    classes = np.repeat([0, 2], 20)
    bank = rng.normal(size=(40, 5)) + 4 * (classes == 2)[:, None]
    ((_, (logs,), _, solution),) = regression_path(bank, classes, [bank], 3, [1.0])
    assert (predict_by(solution, bank, 3) == logs).all()
    assert (logs.argmax(axis=1) == classes).all()
    assert np.exp(logs[:, 1]) == pytest.approx(1e-12)
    paths = list(regression_path(np.ones((3, 2)), np.array([1, 1, 1]), [np.zeros((4, 2))], 2, (0.1, 1.0)))
    assert [fit.c for fit in paths] == [0.1, 1.0]
    assert (predict_by(paths[0].solution, np.zeros((4, 2)), 2) == paths[0].predictions[0]).all()
    assert np.exp(paths[0][1][0]) == pytest.approx(np.tile([1e-12, 1.0], (4, 1)))


def test_a_solver_that_was_stopped_says_so(made):
    bank, classes, queries = made
    stopped, whole = (next(regression_path(bank, classes, [queries], 3, [10.0], n)) for n in (2, 1000))
    assert (stopped.converged, whole.converged) == (False, True)
    assert not np.allclose(stopped.predictions[0], whole.predictions[0], atol=0.05)
