"""COCO's average precision under many weightings of the images at once.

Boxes are matched once for each image, by COCO's rules; a draw then is a precision-recall curve in which an image's
detections and objects count as often as the image was drawn. Nothing is approximated: with all weights 1 the figures
are those of the COCO evaluation, but for the rounding of the stored boxes and of recalls that are a whole percent,
which COCO's 101 recalls hold or miss by the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)
MOST_DETECTIONS = 100
"""Of one class in one image, those with the greatest scores."""


def box_metrics(
    truth: Sequence[np.ndarray], detected: Sequence[np.ndarray], weights: np.ndarray, n_thresholds: int = 10
) -> dict[str, np.ndarray]:
    """`ap50`, `map` and `ar100`, each (draws,): means over the classes that have an object in the draw.

    `map` and `ar100` are over the first `n_thresholds` of the ten IoU thresholds, 0.5 to 0.95.

    `truth` has rows (label, x0, y0, x1, y1) for each image, `detected` rows (label, score, x0, y0, x1, y1).
    `weights` are (images, draws).
    """
    labels = sorted({int(label) for boxes in truth for label in boxes[:, 0]})
    if not labels:
        return dict.fromkeys(("ap50", "map", "ar100"), np.full(weights.shape[1], np.nan))
    found = np.stack(
        [_of_class(label, truth, detected, weights, n_thresholds) for label in labels]
    )  # (classes, 2, IoUs, draws)
    with np.errstate(invalid="ignore"):
        present = ~np.isnan(found)
        mean = np.where(present, found, 0).sum(axis=0) / present.sum(axis=0)
    return {"ap50": mean[0, 0], "map": mean[0].mean(axis=0), "ar100": mean[1].mean(axis=0)}


def _of_class(
    label: int, truth: Sequence[np.ndarray], detected: Sequence[np.ndarray], weights: np.ndarray, n_thresholds: int
) -> np.ndarray:
    """Average precision and greatest recall (2, IoU thresholds, draws) of one class."""
    own = [boxes[boxes[:, 0] == label, 1:] for boxes in truth]
    images, scores, hits = [], [], []
    for image, (boxes, found) in enumerate(zip(own, detected, strict=True)):
        mine = found[found[:, 0] == label, 1:]
        mine = mine[np.argsort(-mine[:, 0], kind="stable")][:MOST_DETECTIONS]
        images += [image] * len(mine)
        scores.append(mine[:, 0])
        hits.append(match(boxes, mine[:, 1:]))
    objects = np.array([len(boxes) for boxes in own], dtype=np.float32) @ weights
    order = np.argsort(-np.concatenate(scores), kind="stable")
    image_of, hit = np.array(images, dtype=int)[order], np.concatenate(hits)[order]
    curves = [_average_precision(image_of, hit[:, t], objects, weights) for t in range(n_thresholds)]
    return np.array(curves).transpose(1, 0, 2)


def match(boxes: np.ndarray, detections: np.ndarray) -> np.ndarray:
    """Whether each detection (D, 4), the surest first, hits a box (G, 4) at each IoU threshold: (D, thresholds).

    A detection takes the free box that it overlaps most, the later one of equals, as COCO's evaluation does.
    """
    hits = np.zeros((len(detections), len(THRESHOLDS)), dtype=bool)
    if not len(boxes):
        return hits
    free = np.ones((len(THRESHOLDS), len(boxes)), dtype=bool)
    each = np.arange(len(THRESHOLDS))
    for d, overlap in enumerate(_iou(detections, boxes)):
        able = np.where(free & (overlap >= THRESHOLDS[:, None] - 1e-10), overlap, -1.0)[:, ::-1]
        best = len(boxes) - 1 - able.argmax(axis=1)
        hits[d] = able.max(axis=1) >= 0
        free[each[hits[d]], best[hits[d]]] = False
    return hits


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union (A, B) of boxes (x0, y0, x1, y1)."""
    a, b = a.astype(np.float64)[:, None], b.astype(np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.clip(sides, 0, None), axis=-1)
    areas = [np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1) for boxes in (a, b)]
    return shared / (areas[0] + areas[1] - shared)


def _average_precision(
    image_of: np.ndarray, hit: np.ndarray, objects: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the interpolated precision at 101 recalls, and the last recall, from detections in order of score."""
    undefined = np.where(objects > 0, 0.0, np.nan)
    n_hits = int(hit.sum())
    if not n_hits:
        return undefined, undefined
    before = np.zeros((n_hits, len(weights)), dtype=np.float32)  # detections of an image from one hit to the next
    step = np.cumsum(hit) - hit
    np.add.at(before, (step[step < n_hits], image_of[step < n_hits]), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.cumsum(weights[image_of[hit]], axis=0)
        precision = np.nan_to_num(hits / np.cumsum(before @ weights, axis=0))
        reached = np.floor(100 * hits / objects + 1e-4) + 1  # recalls 0, 0.01, ... up to each hit
    best_from = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    steps = np.diff(reached, axis=0, prepend=0)
    return (best_from * steps).sum(axis=0) / 101 + undefined, hits[-1] / np.where(objects > 0, objects, np.nan)
