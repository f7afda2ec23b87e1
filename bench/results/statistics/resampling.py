"""Weights of a bootstrap: how often each subject, and how strongly each seed, stands in each draw.

A subject's weights are Poisson with mean 1 and depend on its name alone (Hanley and MacGibbon 2006): runs that were
tested on the same subjects are resampled together, whichever they are and whatever else they were tested on. All
metrics are ratios of weighted sums, which is why weights need not add up to the number of cases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

DRAWS = 10_000
ENTROPY = 20_261_126
"""Of all random numbers here: the same records give the same intervals."""


def case_weights(subjects: Sequence[str], n_draws: int = DRAWS) -> np.ndarray:
    """Weights (cases, draws), float32, of cases that belong to these subjects; 40 kB a case."""
    return _weights(tuple(subjects), n_draws)


@lru_cache(maxsize=2)
def _weights(subjects: tuple[str, ...], n_draws: int) -> np.ndarray:
    names = list(dict.fromkeys(subjects))
    own = np.stack([_generator("subject", name).poisson(1.0, n_draws).astype(np.float32) for name in names])
    if len(names) == len(subjects):
        return own
    place = {name: i for i, name in enumerate(names)}
    return own[[place[name] for name in subjects]]


def seed_multipliers(seeds: Sequence[int], n_draws: int = DRAWS) -> np.ndarray:
    """Standard normal numbers (seeds, draws), which depend on the seed's number alone."""
    return np.stack([_generator("seed", str(seed)).standard_normal(n_draws) for seed in seeds])


@lru_cache(maxsize=2)
def scale_levels(what: str, n_draws: int = DRAWS) -> np.ndarray:
    """Uniform numbers (draws,) that say how wide each draw's distribution is taken to be, of `cases` or `seeds`."""
    return _generator("scale", what).uniform(size=n_draws)


def _generator(what: str, name: str) -> np.random.Generator:
    key = hashlib.blake2b(f"{what}\0{name}".encode(), digest_size=16).digest()
    return np.random.default_rng([ENTROPY, *np.frombuffer(key, np.uint32).tolist()])
