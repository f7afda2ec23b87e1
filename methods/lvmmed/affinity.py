"""Affinities between two graphs over images: of vertices (Eq. 3), of edges, and of local features (Eq. 2, Appendix A).

Local similarities are computed for all N x N image pairs of a graph at once. The products of all cells take
G * (N * R * S)^2 floats, 2.4 MiB a graph at N = 16 and 7 x 7 cells, and so does each matrix of distances. Cosines are
taken of the few pairs of cells that are kept, so that training holds one such matrix and no copy of the maps.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-6
"""Smallest norm a vector is divided by, so that nodes that coincide give finite gradients."""

Combination = Literal["mean", "sum"]


def cosine_matrix(x: Tensor, y: Tensor) -> Tensor:
    """Cosines (..., N, M) between all rows of `x` (..., N, D) and of `y` (..., M, D)."""
    return F.normalize(x, dim=-1, eps=EPSILON) @ F.normalize(y, dim=-1, eps=EPSILON).mT


def vertex_affinity(z_s: Tensor, z_t: Tensor, local: Tensor | None, alpha: float) -> Tensor:
    """Eq. 3: `alpha * cos(z_s[i], z_t[a]) + (1 - alpha) * local[i, a]`.

    Args:
        z_s: Node embeddings of view s after message passing (G, N, D).
        z_t: The same of view t.
        local: Local similarity of both directions (G, N, N), or None for the ablation without it, which leaves the
            cosine alone, as alpha = 1 does.
        alpha: Weight of the global part.

    Returns:
        (G, N, N).
    """
    cosine = cosine_matrix(z_s, z_t)
    return cosine if local is None else alpha * cosine + (1 - alpha) * local


def edge_affinity(z_s: Tensor, z_t: Tensor, edges_s: Tensor, edges_t: Tensor) -> Tensor:
    """Cosine between the feature differences along edges (i, j) of graph s and (a, b) of graph t.

    Args:
        z_s: Node embeddings of view s after message passing (G, N, D).
        z_t: The same of view t.
        edges_s: (G, E_s, 2).
        edges_t: (G, E_t, 2).

    Returns:
        (G, E_s, E_t).
    """
    return cosine_matrix(_differences(z_s, edges_s), _differences(z_t, edges_t))


def _differences(z: Tensor, edges: Tensor) -> Tensor:
    """`z[i] - z[j]` of every edge: (G, N, D), (G, E, 2) -> (G, E, D)."""
    graph = torch.arange(len(z), device=z.device)[:, None]
    return z[graph, edges[..., 0]] - z[graph, edges[..., 1]]


def local_similarity(
    maps_s: Tensor, maps_t: Tensor, centres_s: Tensor, centres_t: Tensor, top: int, combination: Combination = "mean"
) -> Tensor:
    """`local(s_i, t_a) + local(t_a, s_i)` of Eq. 3 for all pairs of images of a graph.

    One direction has two parts, as in VICRegL (Bardes et al. 2022): each cell of one map is paired with the cell of the
    other map that is nearest in original-image coordinates (location-based), or in feature space by L2 (feature-based).
    Each part keeps the `top` pairs with the smallest distance and is the mean cosine over them.

    Args:
        maps_s: Feature maps of view s as cells (G, N, K, D), K = R * S.
        maps_t: The same of view t.
        centres_s: Centres of these cells in the original image (G, N, K, 2), see `views.cell_centres`.
        centres_t: The same of view t.
        top: Pairs kept, gamma; all K where K is smaller.
        combination: `mean` of the two parts (Appendix A) or their `sum` (Eq. 2).

    Returns:
        (G, N, N), differentiable in the maps; which cells are paired is not differentiated.
    """
    graphs, nodes, cells, _ = maps_s.shape
    flat_s, flat_t = maps_s.flatten(1, 2), maps_t.flatten(1, 2)  # (G, N * K, D)
    dot = flat_s @ flat_t.mT  # (G, N * K, N * K)
    norm_s, norm_t = (flat.norm(dim=-1).clamp_min(EPSILON) for flat in (flat_s, flat_t))  # (G, N * K)
    top = min(top, cells)
    of_s, of_t = _kept_cells(dot, norm_s, norm_t, centres_s, centres_t, top)
    place = of_s * (nodes * cells) + of_t
    kept_dot, kept_s, kept_t = (
        values.flatten(1).gather(1, index.flatten(1))
        for values, index in ((dot, place), (norm_s, of_s), (norm_t, of_t))
    )
    total = (kept_dot / (kept_s * kept_t)).view(graphs, nodes, nodes, 4, top).mean(-1).sum(-1)
    return total / 2 if combination == "mean" else total


_EXACT = "donot_use_mm_for_euclid_dist"


@torch.no_grad()
def _kept_cells(
    dot: Tensor, norm_s: Tensor, norm_t: Tensor, centres_s: Tensor, centres_t: Tensor, top: int
) -> tuple[Tensor, Tensor]:
    """Rows of the pairs of cells that are kept, nearest by location and by feature, in both directions.

    Args:
        dot: Products of all cells (G, N * K, N * K).
        norm_s: Norms of the cells (G, N * K).
        norm_t: The same of view t.
        centres_s: (G, N, K, 2).
        centres_t: The same of view t.
        top: Pairs kept of each part, at most K.

    Returns:
        Rows of view s and of view t among the N * K cells, each (G, N, N, 4 * top).
    """
    graphs, nodes, cells, _ = centres_s.shape
    location = torch.cdist(centres_s.flatten(1, 2), centres_t.flatten(1, 2), compute_mode=_EXACT)
    pairs = _nearest_pairs(location.view(graphs, nodes, cells, nodes, cells).transpose(2, 3), top)
    del location
    feature = dot.mul(-2).add_(norm_s[..., None] ** 2).add_(norm_t[:, None] ** 2)  # squared
    pairs += _nearest_pairs(feature.view(graphs, nodes, cells, nodes, cells).transpose(2, 3), top)
    del feature
    first = torch.arange(nodes, device=dot.device) * cells  # (N,): first row of a node's cells
    of_s = torch.cat([k for k, _ in pairs], -1).add_(first[:, None, None])
    of_t = torch.cat([m for _, m in pairs], -1).add_(first[:, None])
    return of_s, of_t


def _nearest_pairs(distance: Tensor, top: int) -> list[tuple[Tensor, Tensor]]:
    """The `top` nearest pairs of a cell with its nearest cell, from cells of s to t and from t to s.

    Args:
        distance: [g, i, a, cell of s, cell of t], (G, N, N, K, K).
        top: Pairs kept, at most K.

    Returns:
        Twice (cells of s, cells of t), each (G, N, N, top).
    """
    found = []
    for axis in (4, 3):
        nearest, other = distance.min(dim=axis)  # (G, N, N, K)
        own = nearest.topk(top, dim=-1, largest=False).indices
        pair = own, other.gather(-1, own)
        found.append(pair if axis == 4 else (pair[1], pair[0]))
    return found
