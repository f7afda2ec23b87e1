"""Scores of a volume, in 3D and slice by slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tasks.kinds.segmentation.scores import Scores, dice, false_positive_rate, hd95, iou, mean, per_class


def score_volume(
    truth: np.ndarray, prediction: np.ndarray, classes: Sequence[str], spacing_mm: Sequence[float] | None
) -> Scores:
    """Scores of label maps (N, H, W), uint8, where i is `classes[i - 1]`; the rule for empty masks is `score_masks`'s.

    `iou_3d`, `dice_3d`, `false_positive_rate_absent` and, with `spacing_mm`, `hd95_mm` are means over the structures
    present in the volume. `dice` is the 2D Dice: mean over the slices that hold a structure of the mean over the
    structures in the slice; `dice/<class>` is the mean over the slices that hold the class.
    """
    values: dict[str, list[float | None]] = {"iou_3d": [], "dice_3d": [], "false_positive_rate_absent": []}
    if spacing_mm is not None:
        values["hd95_mm"] = []
    slices = []  # (C, N) Dice per class and slice
    for label in range(1, len(classes) + 1):
        t, p = truth == label, prediction == label
        values["iou_3d"].append(iou(t, p))
        values["dice_3d"].append(dice(t, p))
        values["false_positive_rate_absent"].append(false_positive_rate(t, p))
        if spacing_mm is not None:
            values["hd95_mm"].append(hd95(t, p, spacing_mm))
        slices.append([dice(a, b) for a, b in zip(t, p, strict=True)])
    scores = {k: v for name, column in values.items() for k, v in per_class(name, classes, column).items()}
    by_slice = [mean(column) for column in zip(*slices, strict=True)]
    return scores | per_class("dice", classes, [mean(row) for row in slices]) | {"dice": mean(by_slice)}
