"""Metrics of class probabilities under many weightings of the cases at once, as `tasks.kinds.classification` has them.

`weights` are (cases, draws); every result is (draws,), NaN where the metric is undefined.
"""

from __future__ import annotations

import numpy as np

ECE_BINS = 15
"""Bins of equal width of the predicted class's probability (Guo et al. 2017)."""


def class_metrics(
    target: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, all_metrics: bool = True
) -> dict[str, np.ndarray]:
    """Metrics of class indices (N,) and probabilities (N, C); sensitivity and specificity for two classes alone.

    These are of class 1, which is predicted where its probability is above 0.5. Without `all_metrics` there are those
    of the confusion matrix alone: AUROC and calibration take most of the time.
    """
    n_classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    counts = confusion(target, predicted, n_classes, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _of_counts(counts)
        if n_classes == 2:
            found["specificity"], found["sensitivity"] = np.einsum("kkb->kb", counts) / counts.sum(axis=1)
        if all_metrics:
            found |= calibration(target, probabilities, weights)
            found["macro_auroc"] = macro_auroc(target, probabilities, weights)
    return found


def confusion(target: np.ndarray, predicted: np.ndarray, n_classes: int, weights: np.ndarray) -> np.ndarray:
    """Weighted counts (true classes, predicted classes, draws)."""
    cells = np.zeros((n_classes * n_classes, len(target)), dtype=np.float32)
    cells[target * n_classes + predicted, np.arange(len(target))] = 1
    return (cells @ weights).reshape(n_classes, n_classes, -1).astype(np.float64)


def _of_counts(counts: np.ndarray) -> dict[str, np.ndarray]:
    right, true, guessed = np.einsum("kkb->kb", counts), counts.sum(axis=1), counts.sum(axis=0)
    total = true.sum(axis=0)
    classes = np.arange(len(counts))
    distance = (classes[:, None] - classes) ** 2.0
    expected = np.einsum("ij,ib,jb->b", distance, true, guessed) / total
    return {
        "accuracy": right.sum(axis=0) / total,
        "balanced_accuracy": _mean(right / true, true > 0),
        "macro_f1": _mean(2 * right / (true + guessed), true + guessed > 0),
        "quadratic_kappa": 1 - np.einsum("ij,ijb->b", distance, counts) / np.where(expected > 0, expected, np.nan),
    }


def _mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Mean over the first axis of the values that count."""
    mean: np.ndarray = np.where(where, values, 0).sum(axis=0) / where.sum(axis=0)
    return mean


def calibration(target: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Expected calibration error and Brier score (sum over the classes, in [0, 2])."""
    confidence, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    total = weights.sum(axis=0, dtype=np.float64)
    gaps = np.zeros((ECE_BINS, len(target)))
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
    gaps[bins, np.arange(len(target))] = (predicted == target) - confidence
    truth = np.eye(probabilities.shape[1])[target]
    squares = np.square(probabilities - truth).sum(axis=1)
    wide = weights.astype(np.float64)  # sums of float32 depend on their order, and with it the last digit of a table
    return {"ece": np.abs(gaps @ wide).sum(axis=0) / total, "brier": squares @ wide / total}


def macro_auroc(target: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean area under the ROC curve of each class against the rest; NaN in draws that lack a class."""
    classes = range(probabilities.shape[1])
    areas = np.stack([_auroc(target == c, probabilities[:, c], weights) for c in classes])
    return areas.mean(axis=0) if len(areas) > 1 else np.full(weights.shape[1], np.nan)


def _auroc(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of pairs of a positive and a negative that are in order, ties half, from the lowest score upwards."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.nan) != 0)
    below = np.zeros(weights.shape[1], dtype=np.float32)  # negatives so far
    above, pairs, product = np.zeros_like(below), np.zeros_like(below), np.empty_like(below)
    for tied in np.split(order, starts[1:]):
        ups, downs = tied[positive[tied]], tied[~positive[tied]]
        for case in ups:
            pairs += np.multiply(weights[case], below, out=product)
            above += weights[case]
        if len(ups) and len(downs):
            pairs += weights[ups].sum(axis=0) * weights[downs].sum(axis=0) * np.float32(0.5)
        for case in downs:
            below += weights[case]
    possible = above.astype(np.float64) * below
    return pairs / np.where(possible > 0, possible, np.nan)
