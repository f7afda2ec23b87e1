"""Embeddings standardised by the training split, so that a probe reads their content and not their scale.

Pooled features of a ReLU network share one direction (mean cosine near 1) and differ in scale from unit to unit:
cosines then hardly differ, and one rate of gradient descent suits no two units. Centring and scaling each unit, as the
BatchNorm without affine parameters of MAE's linear probe does (He et al. 2022, Appendix A), takes both away.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.preprocessing import StandardScaler

from bench.evaluation.embeddings import Embeddings

Sides = Mapping[str, np.ndarray]
"""Split name -> embeddings (N, D), float64."""


def standardise(embeddings: Embeddings) -> Sides:
    """Each unit with mean 0 and variance 1 over the training images; a unit that is constant there is centred alone.

    Labels are not read, so that this holds for few labels too.
    """
    raw = {name: side.tensors[0].numpy().astype(np.float64) for name, side in embeddings.items()}
    scaler = StandardScaler().fit(raw["train"])
    return {name: scaler.transform(side) for name, side in raw.items()}


def targets(embeddings: Embeddings, name: str) -> np.ndarray:
    """Class indices (N,) of one split."""
    classes: np.ndarray = embeddings[name].tensors[1].numpy()
    return classes
