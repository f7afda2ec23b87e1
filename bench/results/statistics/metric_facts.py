"""What is known of each metric: its range, and the difference that is declared too small to matter."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MetricFacts:
    """Range of a metric and its margin of equivalence."""

    low: float
    high: float
    margin: float | None
    """Two contestants whose difference is surely smaller are equivalent; None where no margin is declared."""


SHARE = MetricFacts(0.0, 1.0, 0.02)
METRICS = {
    **dict.fromkeys(("accuracy", "balanced_accuracy", "macro_auroc", "macro_f1", "sensitivity", "specificity"), SHARE),
    **dict.fromkeys(("dice", "iou", "dice_3d", "iou_3d", "ap50", "map", "ar100"), SHARE),
    "quadratic_kappa": MetricFacts(-1.0, 1.0, 0.04),
    "false_positive_rate_absent": MetricFacts(0.0, 1.0, None),
    "hd95_px": MetricFacts(0.0, math.inf, None),
    "hd95_mm": MetricFacts(0.0, math.inf, None),
    "ece": MetricFacts(0.0, 1.0, None),
    "brier": MetricFacts(0.0, 2.0, None),
}
"""Name -> facts. The margin of shares is 2 points; kappa has twice their range, and twice their margin."""
UNKNOWN = MetricFacts(-math.inf, math.inf, None)


def facts_of(metric: str) -> MetricFacts:
    """Facts of a metric; `dice/left lung` has those of `dice`, and one that is not known has no bounds."""
    return METRICS.get(metric.partition("/")[0], UNKNOWN)
