"""Scores of one case's masks. Empty masks follow one rule, stated in `score_masks`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

Scores = dict[str, float | None]
"""Metric -> value of one case; None where it is undefined."""


def dice(truth: np.ndarray, prediction: np.ndarray) -> float | None:
    """2 |T ∩ P| / (|T| + |P|) of bool masks of one shape; None where `truth` is empty."""
    if not truth.any():
        return None
    return 2 * float(np.count_nonzero(truth & prediction)) / (np.count_nonzero(truth) + np.count_nonzero(prediction))


def iou(truth: np.ndarray, prediction: np.ndarray) -> float | None:
    """|T ∩ P| / |T ∪ P| of bool masks of one shape; None where `truth` is empty."""
    if not truth.any():
        return None
    return float(np.count_nonzero(truth & prediction)) / np.count_nonzero(truth | prediction)


def hd95(truth: np.ndarray, prediction: np.ndarray, spacing: Sequence[float]) -> float | None:
    """95th percentile Hausdorff distance of bool masks, in the unit of `spacing` (one value per axis).

    The larger of the two directed 95th percentiles of the distances between surfaces, as MONAI computes it. None where
    `truth` is empty; the diagonal of the whole grid, which no distance exceeds, where only `prediction` is empty.
    """
    if not truth.any():
        return None
    if not prediction.any():
        return math.hypot(*(n * s for n, s in zip(truth.shape, spacing, strict=True)))
    from scipy.ndimage import distance_transform_edt

    box = _bounding_box(truth | prediction)
    ours, theirs = _surface(truth[box]), _surface(prediction[box])
    directed = [distance_transform_edt(~a, sampling=spacing)[b] for a, b in ((ours, theirs), (theirs, ours))]
    return max(float(np.percentile(distances, 95)) for distances in directed)


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    """Slices around the True elements, one element wider where the grid goes on: the crop changes no surface."""
    box = []
    for axis in range(mask.ndim):
        found = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        box.append(slice(max(int(found[0]) - 1, 0), int(found[-1]) + 2))
    return tuple(box)


def _surface(mask: np.ndarray) -> np.ndarray:
    """Elements of a mask that touch its outside, or the end of the grid, along an axis."""
    from scipy.ndimage import binary_erosion

    inside: np.ndarray = binary_erosion(mask)
    return mask & ~inside


def false_positive_rate(truth: np.ndarray, prediction: np.ndarray, valid: np.ndarray | None = None) -> float | None:
    """Share of pixels (of those in `valid`) predicted to be a structure that is absent; None where it is present."""
    if truth.any():
        return None
    pixels = truth.size if valid is None else np.count_nonzero(valid)
    return float(np.count_nonzero(prediction)) / pixels if pixels else None


def mean(values: Sequence[float | None]) -> float | None:
    """Mean of the values that are defined; None where none is."""
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def score_masks(
    truth: np.ndarray, prediction: np.ndarray, classes: Sequence[str], valid: np.ndarray | None = None
) -> dict[str, list[float | None]]:
    """Dice, IoU and false positives per structure of bool masks (C, ...), within `valid` (...) where it is given.

    A structure that is absent from the truth of a case has no Dice, no IoU and no distance there: it is None and does
    not enter a mean, whether it was predicted or not. What was predicted of it is `false_positive_rate_absent`.
    """
    if truth.shape != prediction.shape or len(truth) != len(classes):
        raise ValueError(f"truth {truth.shape}, prediction {prediction.shape}, {len(classes)} classes")
    pairs = list(zip(truth, prediction, strict=True))
    return {
        "dice": [dice(t, p) for t, p in pairs],
        "iou": [iou(t, p) for t, p in pairs],
        "false_positive_rate_absent": [false_positive_rate(t, p, valid) for t, p in pairs],
    }


def per_class(name: str, classes: Sequence[str], values: Sequence[float | None]) -> Scores:
    """`name`: mean over the structures present; `name/<class>`: each structure."""
    return {name: mean(values)} | {f"{name}/{c}": v for c, v in zip(classes, values, strict=True)}


def mean_scores(cases: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Mean of each metric over the cases where it is defined; None where no case defines it."""
    names = dict.fromkeys(name for case in cases for name in case)
    return {name: mean([case.get(name) for case in cases]) for name in names}
