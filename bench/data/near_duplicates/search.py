"""Pairs of near duplicates among many thumbnails: candidates by matrix products, then each pair looked at."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from bench.core.console import Report
from bench.data.near_duplicates.alignment import THRESHOLD, similarity
from bench.data.near_duplicates.projection import fit_projection

SEARCH_VERSION = 1
"""Raised whenever the same thumbnails give other pairs."""
CANDIDATES = 6
"""Nearest neighbours of an image, and as many of its mirror image, that are looked at."""
CANDIDATE_THRESHOLD = 0.6
"""Product of two points from which a neighbour is looked at."""
_FEW = 40
"""So few images are all compared: there is nothing to learn a projection from."""
_BLOCK = 512
_THREADS = 2


class NearPair(NamedTuple):
    """Two images that show the same."""

    first: int
    second: int
    """Larger than `first`."""
    mirrored: bool
    similarity: float
    """From `THRESHOLD` to 1."""


def near_pairs(thumbnails: np.ndarray, report: Report, threshold: float = THRESHOLD) -> list[NearPair]:
    """The pairs among thumbnails (N, 64, 64) uint8 whose similarity is at least `threshold`, sorted.

    Copies may be resized, compressed, mirrored left-right, cropped by up to 5 % at each edge, and brighter or darker.
    Time grows with N squared, 64 products a pair; memory by 512 numbers an image besides the thumbnails.
    """
    candidates = list(find_candidates(thumbnails))
    pairs = []
    with report.stage("compare images", len(candidates)) as advance, ThreadPoolExecutor(_THREADS) as pool:

        def look(pair: tuple[int, int, bool]) -> NearPair:
            first, second, mirrored = pair
            other = np.ascontiguousarray(thumbnails[second][:, ::-1]) if mirrored else thumbnails[second]
            return NearPair(*pair, similarity(thumbnails[first], other))

        for pair in pool.map(look, candidates):
            if pair.similarity >= threshold:
                pairs.append(pair)
            advance("")
    best = {pair[:2]: pair for pair in sorted(pairs, key=lambda pair: pair.similarity)}
    return sorted(best.values())


def find_candidates(thumbnails: np.ndarray) -> Iterator[tuple[int, int, bool]]:
    """Pairs that are worth a look, once each: indices, and whether the second is mirrored."""
    n = len(thumbnails)
    if n <= _FEW:
        yield from ((i, j, mirrored) for i in range(n) for j in range(i + 1, n) for mirrored in (False, True))
        return
    projection = fit_projection(thumbnails)
    points = projection.points(thumbnails)
    seen = []
    for mirrored, others in enumerate((points, projection.points(thumbnails[:, :, ::-1]))):
        rows = np.concatenate(list(_neighbours(points, others)))
        seen.append(np.column_stack([np.sort(rows, axis=1), np.full(len(rows), mirrored)]))
    for first, second, flag in np.unique(np.concatenate(seen), axis=0).tolist():
        yield first, second, bool(flag)


def _neighbours(points: np.ndarray, others: np.ndarray) -> Iterator[np.ndarray]:
    """(M, 2) indices of points and of their nearest others, block by block; none is its own neighbour."""
    import torch

    every, transposed = torch.from_numpy(points), torch.from_numpy(others).T.contiguous()
    for start in range(0, len(points), _BLOCK):
        products = every[start : start + _BLOCK] @ transposed
        rows = torch.arange(len(products))
        products[rows, rows + start] = -1.0
        nearest = products.topk(min(CANDIDATES, len(points) - 1), dim=1)
        row, column = (nearest.values >= CANDIDATE_THRESHOLD).nonzero(as_tuple=True)
        yield torch.stack([row + start, nearest.indices[row, column]], dim=1).numpy()
