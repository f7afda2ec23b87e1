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
    return standardise_and_scale(embeddings)[0]


def standardise_and_scale(embeddings: Embeddings) -> tuple[Sides, dict[str, np.ndarray]]:
    """As `standardise`, and the `mean` and `scale` (D,) of the training images, for `rescale`."""
    raw = {name: side.tensors[0].numpy().astype(np.float64) for name, side in embeddings.items()}
    scaler = StandardScaler().fit(raw["train"])
    return {n: scaler.transform(side) for n, side in raw.items()}, {"mean": scaler.mean_, "scale": scaler.scale_}


def rescale(scaling: Mapping[str, np.ndarray], embeddings: np.ndarray) -> np.ndarray:
    """Other embeddings (M, D) as those of the training images were standardised."""
    found: np.ndarray = (embeddings.astype(np.float64) - scaling["mean"]) / scaling["scale"]
    return found


def targets(embeddings: Embeddings, name: str) -> np.ndarray:
    """Class indices (N,) of one split."""
    classes: np.ndarray = embeddings[name].tensors[1].numpy()
    return classes
