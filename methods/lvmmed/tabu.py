"""Robust tabu search over pairwise swaps (Taillard 1991) for many quadratic assignment problems at once, in torch.

The readable reference of `tabu_numba.py` and `tabu_triton.py`, and the version for devices that have neither. Its
number of launches does not depend on the data, and it never waits for the device.
"""

from __future__ import annotations

import torch
from torch import Tensor

TOLERANCE = 1e-6
"""Gains below this share of the best value count as rounding, where a tabu move must lead to a new best."""


class _Scores:
    """Score S[i, a, j, b] of matching i to a *and* j to b, from edge affinities without a table of N^4 numbers.

    `id_s[g, i, j]` is the number of edge (i, j), or E_s where there is none; `padded` has a row and a column of zeros.
    S[i, a, j, b] = padded[id_s[i, j], id_t[a, b]] + padded[id_s[j, i], id_t[b, a]].
    """

    def __init__(self, c_e: Tensor, edges_s: Tensor, edges_t: Tensor, nodes: int) -> None:
        self.padded = torch.nn.functional.pad(c_e, (0, 1, 0, 1)).flatten(1)  # (G, (E_s + 1) * (E_t + 1))
        self.id_s = edge_numbers(edges_s, nodes) * (c_e.shape[2] + 1)  # (G, N, N), as starts of rows of `padded`
        self.id_t = edge_numbers(edges_t, nodes)
        self.graph = torch.arange(len(c_e), device=c_e.device)[:, None, None]

    def of(self, rows: Tensor, columns: Tensor) -> Tensor:
        """`padded` at broadcast edge numbers (G, ...)."""
        index = rows + columns
        return self.padded.gather(1, index.flatten(1)).view_as(index)

    def table(self, i: Tensor, a: Tensor) -> Tensor:
        """S[i, a, :, :] of nodes i (G, R, K) at places a (G, R, K), summed over K: (G, R, N, N)."""
        ahead = self.of(self.id_s[self.graph, i][..., :, None], self.id_t[self.graph, a][..., None, :])
        back = self.of(self.id_s.mT[self.graph, i][..., :, None], self.id_t.mT[self.graph, a][..., None, :])
        return (ahead + back).sum(2)


def edge_numbers(edges: Tensor, nodes: int) -> Tensor:
    """Number of every edge (i, j), E where there is none: (G, E, 2) -> (G, N, N)."""
    graphs, count, _ = edges.shape
    numbers = torch.full((graphs, nodes**2), count, device=edges.device)
    place = edges[..., 0] * nodes + edges[..., 1]
    return numbers.scatter_(1, place, torch.arange(count, device=edges.device).expand_as(place)).view(-1, nodes, nodes)


class _Search:
    """State of G x R searches, R for each of G problems; P = N (N - 1) / 2 swaps."""

    def __init__(self, c_v: Tensor, scores: _Scores, starts: Tensor) -> None:
        _, restarts, nodes = starts.shape
        self.nodes, self.scores = nodes, scores
        self.i, self.k = torch.triu_indices(nodes, nodes, offset=1, device=starts.device)  # (P,), (P,): every pair once
        self.ik, self.ki = torch.cat([self.i, self.k]), torch.cat([self.k, self.i])
        self.row_start = torch.arange(nodes, device=starts.device) * nodes  # (N,)
        self.place = starts.clone()  # (G, R, N)
        local = c_v[:, None].repeat(1, restarts, 1, 1)  # (G, R, N, N)
        for node in range(nodes):
            local += scores.table(torch.full_like(starts[..., :1], node), starts[..., node, None])
        self.local = local.flatten(2)  # (G, R, N * N)
        here = self.row_start + starts  # (G, R, N)
        linear = c_v.flatten(1)[:, None].expand_as(self.local).gather(2, here).sum(2)  # (G, R)
        self.value = (linear + self.local.gather(2, here).sum(2)) / 2  # `local` counts every edge pair twice
        self.best_value, self.best = self.value.clone(), starts.clone()
        self.tabu_until = torch.zeros(self.local.shape, dtype=torch.int64, device=starts.device)

    def step(self, iteration: int, tenure: Tensor) -> None:
        """Swap the best pair that is not tabu, or that beats the best value so far; `tenure` is (R, 1)."""
        moved = self.row_start[self.ik] + self.place.index_select(2, self.ki)  # (G, R, 2 P): i to b, k to a
        gain = self._gains(moved)
        until_first, until_second = self.tabu_until.gather(2, moved).chunk(2, dim=2)
        blocked = until_first.minimum(until_second) > iteration
        wanted = self.best_value - self.value + TOLERANCE * self.best_value.abs().clamp_min(1)
        blocked &= gain <= wanted[..., None]
        blocked[..., 0] &= ~blocked.all(2)  # if all are tabu, the first swap
        choice = gain.masked_fill(blocked, -torch.inf).argmax(2, keepdim=True)  # (G, R, 1)
        nodes = torch.cat([self.i[choice], self.k[choice]], dim=2)  # (G, R, 2)
        left = self.place.gather(2, nodes)  # (G, R, 2): a, b
        entered = left.flip(2)
        self.tabu_until.scatter_(2, nodes * self.nodes + left, (iteration + tenure).expand_as(left))
        self.place.scatter_(2, nodes, entered)
        self.local += (self.scores.table(nodes, entered) - self.scores.table(nodes, left)).flatten(2)
        self.value += gain.gather(2, choice)[..., 0]
        self.best = torch.where((self.value > self.best_value)[..., None], self.place, self.best)
        self.best_value = self.best_value.maximum(self.value)

    def _gains(self, moved: Tensor) -> Tensor:
        """Gain (G, R, P) of moving i from a to b and k from b to a for all pairs; `moved` is (G, R, 2 P)."""
        a, b = self.place[..., self.i], self.place[..., self.k]  # (G, R, P)
        stay = self.local.gather(2, self.row_start + self.place)  # (G, R, N)
        change = self.local.gather(2, moved) - stay.index_select(2, self.ik)  # (G, R, 2 P)
        first, second = change.chunk(2, dim=2)
        ahead, back = (x[:, None] for x in (self.scores.id_s[:, self.i, self.k], self.scores.id_s[:, self.k, self.i]))
        to, fro = (self.scores.id_t[self.scores.graph, x, y] for x, y in ((a, b), (b, a)))  # (G, R, P)
        both = (
            self.scores.of(ahead, to)
            + self.scores.of(back, fro)  # S[i, a, k, b]
            + self.scores.of(ahead, fro)
            + self.scores.of(back, to)  # S[i, b, k, a]
        )
        return first + second + both


def tabu_search(
    c_v: Tensor, c_e: Tensor, edges_s: Tensor, edges_t: Tensor, starts: Tensor, tenures: Tensor, agree: int
) -> Tensor:
    """Search from every start; a node that left a place may not return for its tenure, unless to a new best.

    `local[i, a] = c_v[i, a] + sum_j S[i, a, j, p_j]` is kept up to date, so that the gain of a swap of i (at a) and k
    (at b), `local[i,b] + local[k,a] - local[i,a] - local[k,b] + S[i,a,k,b] + S[i,b,k,a]`, costs a few look-ups.

    Args:
        c_v: Vertex affinities (G, N, N), N >= 2, of the floating type that is computed in.
        c_e: Edge affinities (G, E_s, E_t) of the same type.
        edges_s: (G, E_s, 2), int64, without self loops or repeats.
        edges_t: (G, E_t, 2), the same.
        starts: Permutations to start from (G, R, N), int64.
        tenures: Iterations for which the nodes of a swap may not return, (iterations, R), int64.
        agree: A problem's restarts count in their order, until this many ended at the best permutation so far.

    Returns:
        Best permutations (G, N).
    """
    search = _Search(c_v, _Scores(c_e, edges_s, edges_t, c_v.shape[1]), starts)
    for iteration, tenure in enumerate(tenures):
        search.step(iteration, tenure[:, None])
    return best_until_agreed(search.best, search.best_value, agree)


def best_until_agreed(found: Tensor, values: Tensor, agree: int) -> Tensor:
    """The best of restarts (G, R, N) with values (G, R), taken in turn until `agree` of them ended at the best."""
    best, best_value = found[:, 0], values[:, 0]
    agreed = torch.ones_like(best[:, 0])
    for restart in range(1, found.shape[1]):
        running = agreed < agree
        same = (found[:, restart] == best).all(1) & running
        better = (values[:, restart] > best_value) & running
        agreed = torch.where(same, agreed + 1, torch.where(better, 1, agreed))
        best = torch.where(better[:, None], found[:, restart], best)
        best_value = torch.where(better, values[:, restart], best_value)
    return best
