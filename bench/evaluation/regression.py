"""Logistic regression along a path of penalties: what the `linear` and `few_shot` protocols fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

MOST_ITERATIONS = 1000
"""Of L-BFGS. Only weak penalties come near it, and there predictions hardly move any more."""


class Fit(NamedTuple):
    """One regression of a path."""

    c: float
    """Inverse strength of its penalty."""
    predictions: list[np.ndarray]
    """Logarithms of the probabilities (M, K) of each query."""
    converged: bool
    solution: Mapping[str, np.ndarray]
    """What `predict_by` predicts others by."""


_LEAST_PROBABILITY = 1e-12
"""Probability of a class that no image has."""


def best_fit(fits: Iterable[Fit], score: Callable[[Fit], float]) -> tuple[Fit, float, list[tuple[float, float]]]:
    """The fit with the best score, of equal scores the first; that score; C and score of each of `fits`."""
    scored = [(fit, score(fit)) for fit in fits]
    best, highest = max(scored, key=lambda pair: pair[1])
    return best, highest, [(fit.c, found) for fit, found in scored]


def regression_path(
    bank: np.ndarray,
    classes: np.ndarray,
    queries: Sequence[np.ndarray],
    n_classes: int,
    penalties: Sequence[float],
    iterations: int = MOST_ITERATIONS,
) -> Iterator[Fit]:
    """Fit one regression for each C, from the strongest penalty on, each from the last one's solution.

    Args:
        bank: Embeddings (N, D), standardised.
        classes: Their class indices (N,).
        queries: Embeddings (M, D) of each split to predict.
        n_classes: K; a class that no embedding of the bank has gets a probability of 1e-12.
        penalties: C, the inverse strength of the L2 penalty, ascending.
        iterations: Most iterations of the solver for each.
    """
    present = np.unique(classes)
    if len(present) == 1:
        known = {"classes": present}
        found = [predict_by(known, q, n_classes) for q in queries]
        yield from (Fit(c, found, True, known) for c in penalties)
        return
    model = LogisticRegression(max_iter=iterations, warm_start=True)
    for c in penalties:
        model.set_params(C=c)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(bank, classes)
        converged = int(model.n_iter_[0]) < iterations
        solution = {
            "classes": model.classes_,
            "coefficients": model.coef_.copy(),
            "intercepts": model.intercept_.copy(),
        }
        yield Fit(c, [_log_probabilities(model, q, n_classes) for q in queries], converged, solution)


def predict_by(solution: Mapping[str, np.ndarray], queries: np.ndarray, n_classes: int) -> np.ndarray:
    """Logarithms of the probabilities (M, K) of embeddings (M, D), standardised, by what a fit found."""
    classes = solution["classes"]
    if len(classes) == 1:
        sure = np.full(n_classes, np.log(_LEAST_PROBABILITY))
        sure[classes[0]] = 0.0
        return np.tile(sure, (len(queries), 1))
    model = LogisticRegression()
    model.classes_, model.coef_, model.intercept_ = classes, solution["coefficients"], solution["intercepts"]
    model.n_features_in_ = solution["coefficients"].shape[1]
    return _log_probabilities(model, queries, n_classes)


def _log_probabilities(model: LogisticRegression, queries: np.ndarray, n_classes: int) -> np.ndarray:
    probabilities = np.zeros((len(queries), n_classes))
    probabilities[:, model.classes_] = model.predict_proba(queries)
    logs: np.ndarray = np.log(np.maximum(probabilities, _LEAST_PROBABILITY))
    return logs
