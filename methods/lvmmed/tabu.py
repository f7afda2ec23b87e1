"""Robust tabu search over pairwise swaps (Taillard 1991) for many quadratic assignment problems at once."""

from __future__ import annotations

import torch
from torch import Tensor


class _Search:
    """State of G x R searches, R for each of G problems.

    "Assignment" i * N + a means node i at place a; `here` holds the assignments of the present permutation.
    """

    def __init__(self, c_v: Tensor, scores: Tensor, starts: Tensor) -> None:
        graphs, restarts, nodes = starts.shape
        self.nodes = nodes
        self.flat = scores.reshape(graphs, nodes**4)
        self.rows = scores.reshape(graphs * nodes**2, nodes**2)
        self.row_offset = torch.arange(graphs, device=starts.device)[:, None, None] * nodes**2
        i, k = torch.triu_indices(nodes, nodes, offset=1, device=starts.device)  # (P,), (P,): every pair once
        self.i, self.k, self.ik, self.ki = i, k, torch.cat([i, k]), torch.cat([k, i])
        self.row_start = torch.arange(nodes, device=starts.device) * nodes  # (N,)
        self.permutation = starts.clone()
        self.here = self.row_start + starts  # (G, R, N)
        rows = self.rows[(self.row_offset + self.here).flatten()].view(graphs, restarts, nodes, nodes**2)
        self.local = c_v.flatten(1)[:, None] + rows.sum(2)  # (G, R, N * N)
        linear = c_v.flatten(1)[:, None].expand_as(self.local).gather(2, self.here).sum(2)  # (G, R)
        self.value = (linear + self.local.gather(2, self.here).sum(2)) / 2  # `local` counts every edge pair twice
        self.best_value, self.best = self.value.clone(), starts.clone()
        self.tabu_until = torch.zeros(self.local.shape, dtype=torch.int64, device=starts.device)

    def step(self, iteration: int, tenure: Tensor) -> None:
        """Swap the best pair that is not tabu, or that beats the best value so far; `tenure` is (R, 1)."""
        moved = self.row_start[self.ik] + self.permutation.index_select(2, self.ki)  # (G, R, 2 P): i to b, k to a
        first, second = moved.chunk(2, dim=2)  # (G, R, P) each
        gain = self._gains(moved)
        until_first, until_second = self.tabu_until.gather(2, moved).chunk(2, dim=2)
        blocked = until_first.minimum(until_second) > iteration
        blocked &= gain <= (self.best_value - self.value)[..., None] + 1e-6
        choice = gain.masked_fill(blocked, -torch.inf).argmax(2, keepdim=True)  # (G, R, 1)
        nodes = torch.cat([self.i[choice], self.k[choice]], dim=2)  # (G, R, 2)
        left = self.here.gather(2, nodes)
        entered = torch.cat([first.gather(2, choice), second.gather(2, choice)], dim=2)
        self.tabu_until.scatter_(2, left, (iteration + tenure).expand_as(left))
        self.here.scatter_(2, nodes, entered)
        self.permutation = self.here - self.row_start
        rows = self.rows.index_select(0, (self.row_offset + torch.cat([entered, left], dim=2)).flatten())
        rows = rows.view(*left.shape[:2], 4, -1)
        self.local += rows[:, :, 0] + rows[:, :, 1] - rows[:, :, 2] - rows[:, :, 3]
        self.value += gain.gather(2, choice)[..., 0]
        self.best = torch.where((self.value > self.best_value)[..., None], self.permutation, self.best)
        self.best_value = self.best_value.maximum(self.value)

    def _gains(self, moved: Tensor) -> Tensor:
        """Gain (G, R, P) of moving i from a to b and k from b to a for all pairs; `moved` is (G, R, 2 P)."""
        from_i, from_k = self.here.index_select(2, self.i), self.here.index_select(2, self.k)  # (G, R, P)
        to_i, to_k = moved.chunk(2, dim=2)
        pairs = torch.cat([from_i, to_i], 2) * self.nodes**2 + torch.cat([from_k, to_k], 2)  # S[i,a,k,b], S[i,b,k,a]
        both = self.flat.gather(1, pairs.flatten(1)).view_as(moved)
        stay = self.local.gather(2, self.here)  # (G, R, N)
        change = self.local.gather(2, moved) - stay.index_select(2, self.ik) + both  # (G, R, 2 P)
        first, second = change.chunk(2, dim=2)
        return first + second


def tabu_search(c_v: Tensor, scores: Tensor, starts: Tensor, iterations: int, seed: int) -> tuple[Tensor, Tensor]:
    """Search from every start; a node that left a place may not return for about N iterations, unless to a new best.

    `local[i, a] = c_v[i, a] + sum_j S[i, a, j, p_j]` is kept up to date, so that the gain of a swap of i (at a) and k
    (at b), `local[i,b] + local[k,a] - local[i,a] - local[k,b] + S[i,a,k,b] + S[i,b,k,a]`, costs six look-ups.

    Args:
        c_v: Vertex affinities (G, N, N).
        scores: Symmetric pair scores S (G, N, N, N, N) of edges without self loops.
        starts: Permutations to start from (G, R, N).
        iterations: Swaps a search.
        seed: Of the tabu tenures, which are uniform in [N / 2, 3 N / 2].

    Returns:
        Best permutation of every search (G, R, N) and its value (G, R).
    """
    nodes = starts.shape[2]
    search = _Search(c_v, scores, starts)
    if nodes < 2:
        return search.best, search.best_value
    generator = torch.Generator().manual_seed(seed)
    low, high = nodes // 2, 3 * nodes // 2
    tenures = torch.randint(low, high + 1, (iterations, starts.shape[1], 1), generator=generator).to(starts.device)
    for iteration in range(iterations):
        search.step(iteration, tenures[iteration])
    return search.best, search.best_value
