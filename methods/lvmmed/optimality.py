"""A proof that a matching is the best one, without a search, for problems that their vertex affinities decide.

Let p be a permutation and q another one that moves the nodes D, q[i] != p[i] for i in D. From p to q

* vertices lose at least `sum_D g_i` with the gap `g_i = c_v[i, p[i]] - max_{a != p[i]} c_v[i, a]`;
* an edge e with no end in D keeps its partner; any other gets another partner or none, and gains at most
  `r_e = max(0, max_{f != p(e)} c_e[e, f]) - c_e[e, p(e)]`, where the last term is 0 if p maps e onto no edge.

With `R_i` the sum of `max(r_e, 0)` over the edges at node i, edges with an end in D gain at most `sum_D R_i`. So p is
the only best permutation if `g_i > R_i` for every node: sufficient, not necessary. It holds for what Algorithm 1 solves
second wherever lambda outweighs the edges, as with the paper's 70 to 100.
"""

from __future__ import annotations

import torch
from torch import Tensor

from methods.lvmmed.solver import default_iterations, matched_edges

ROUNDING = 16
"""Units in the last place that one swap of a search may lose, of the sum of all affinities' magnitudes."""


@torch.no_grad()
def nearest_if_best(
    c_v: Tensor, c_e: Tensor, edges_s: Tensor, edges_t: Tensor, iterations: int | None = None
) -> tuple[Tensor, Tensor]:
    """Each node's best place by vertex affinity, and whether that is proven to be the only best matching.

    The proof holds by more than what a search loses by rounding. Then these places are the linear assignment too, from
    which one of the searches of `solver.solve` starts, and no other permutation has a greater value there: `solve`
    returns the same permutation.

    Args:
        c_v: Vertex affinities (G, N, N), N >= 2.
        c_e: Edge affinities (G, E_s, E_t), at least one edge each.
        edges_s: (G, E_s, 2), int64.
        edges_t: (G, E_t, 2), int64.
        iterations: Swaps of a search, as for `solver.solve`.

    Returns:
        Places (G, N), int64, and whether they are proven (G,), bool. False says nothing, the places may repeat then.
    """
    kind = torch.promote_types(c_v.dtype, c_e.dtype)
    c_v, c_e = c_v.to(kind), c_e.to(kind)
    values, places = c_v.topk(2, dim=2)
    place = places[..., 0]  # (G, N)
    gap = values[..., 0] - values[..., 1]  # g_i
    regret = _regrets(place, c_e, edges_s, edges_t)  # (G, E_s)
    gain = torch.zeros_like(gap)
    for end in edges_s.unbind(2):
        gain.scatter_add_(1, end, regret)  # R_i
    once = (place.sort(dim=1).values == torch.arange(place.shape[1], device=place.device)).all(1)
    return place, once & ((gap - gain).amin(1) > _rounding(c_v, c_e, iterations))


def _regrets(place: Tensor, c_e: Tensor, edges_s: Tensor, edges_t: Tensor) -> Tensor:
    """What each edge of s can gain at most by another partner: `max(r_e, 0)`, (G, E_s)."""
    matched = matched_edges(place[:, None], edges_s, edges_t)[:, 0]  # (G, E_s, E_t)
    kept = c_e.masked_fill(~matched, 0).sum(2)
    other = c_e.masked_fill(matched, -torch.inf).amax(2).clamp_min(0)
    return (other - kept).clamp_min(0)


def _rounding(c_v: Tensor, c_e: Tensor, iterations: int | None) -> Tensor:
    """A bound (G,) on the errors of values that a search adds up, swap by swap."""
    sums = c_v.abs().amax(2).sum(1) + c_e.abs().amax(2).sum(1)
    terms = (iterations or default_iterations(c_v.shape[1])) + c_v.shape[1] + c_e.shape[1]
    return ROUNDING * torch.finfo(c_v.dtype).eps * terms * sums
