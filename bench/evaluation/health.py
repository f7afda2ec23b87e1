"""Is there anything in an embedding: effective rank, mean cosine and dead units tell a collapsed encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

MOST_IMAGES = 1000
"""Of the training split, evenly spread; ranks up to several hundred are told apart by that many."""
LEAST_RANK = 5.0
"""Below this effective rank an encoder counts as collapsed: a handful of directions cannot hold what tells classes,
organs and devices apart. ResNet-18 from random weights has 240 to 260 on brain_tumor; what is known to have collapsed
there had 1.2 and 2.8. See docs/protocols.md."""


@dataclass(frozen=True)
class Health:
    """What the embeddings (N, D) of some images span."""

    images: int
    """N."""
    effective_rank: float
    """exp of the entropy of the normalised singular values of the centred embeddings, from 1 to min(N, D); 0 where all
    embeddings are equal (Roy and Vetterli 2007; as RankMe, Garrido et al. 2023, but centred)."""
    mean_cosine: float
    """Mean cosine of two images' embeddings, as they are; near 1: all share a direction that a probe must remove."""
    dead_units: float
    """Share of the D units that have one value for all images."""

    @property
    def collapsed(self) -> bool:
        """Whether the effective rank is below `LEAST_RANK`."""
        return self.effective_rank < LEAST_RANK

    @property
    def warning(self) -> str | None:
        """What to say of a collapsed encoder; None of any other."""
        if not self.collapsed:
            return None
        return (
            f"The encoder has collapsed: its embeddings of {self.images} training images have an effective rank of "
            f"{self.effective_rank:.1f} (mean cosine {self.mean_cosine:.2f}, {self.dead_units:.0%} of the units dead). "
            "Its scores say nothing about the method at its best; see its loss, and its learning rate and schedule."
        )


def spread(n: int, most: int = MOST_IMAGES) -> np.ndarray:
    """Indices of at most `most` of n images, evenly spread."""
    return np.linspace(0, n - 1, min(n, most)).astype(int)


def health_of(embeddings: Tensor) -> Health:
    """Of embeddings (N, D) of training images; of at most 1000 of them."""
    array = embeddings.detach().cpu().numpy().astype(np.float64)
    array = array[spread(len(array))]
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    unit = array / np.where(lengths > 0, lengths, 1)
    n = len(array)
    # the sum over all pairs of i != j of the cosines, from the length of the sum of all unit vectors
    pairs = (float(np.square(unit.sum(axis=0)).sum()) - float(np.square(unit).sum())) / max(n * (n - 1), 1)
    return Health(n, effective_rank(array), pairs, float(np.mean(array.max(axis=0) == array.min(axis=0))))


def effective_rank(array: np.ndarray) -> float:
    """See `Health.effective_rank`."""
    values = np.linalg.svd(array - array.mean(axis=0), compute_uv=False)
    if not values[0] > 1e-9 * max(float(np.abs(array).max()), 1e-300):
        return 0.0
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
