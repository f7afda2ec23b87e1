"""Prepared targets: planes of labels, and which of them hold a structure."""

from __future__ import annotations

import numpy as np

from bench.core.errors import DataError
from bench.core.task import DataSet
from tasks.kinds.segmentation.loss import IGNORE


def any_target(planes: np.ndarray) -> bool:
    """Whether any pixel of target planes (T, S, S), uint8, belongs to a structure."""
    return bool(((planes > 0) & (planes != IGNORE)).any())


def no_target(data_set: DataSet, n_cases: int) -> DataError:
    """The error for masks that are all empty."""
    return DataError(
        f"{data_set.name}: the masks of all {n_cases} training cases are empty (structures: "
        f"{', '.join(data_set.classes)}), so there is nothing to learn.\nRestore the masks from the owner's archive."
    )
