"""Second-order graph matching (Eq. 4): a batched search for the best permutation, its objective, and a brute force.

The paper solves each problem with a Lagrange-decomposition heuristic in one CPU process (Swoboda et al. 2017). Here all
problems of a batch, times several restarts, run side by side as tensors: robust tabu search over pairwise swaps
(Taillard 1991). A matching is a permutation `p` (N,), where `p[i] = a` matches node i of graph s to node a of graph t.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from bench.errors import TrainingError
from methods.lvmmed.tabu import tabu_search

SEED = 20230620
"""Seed of the restarts: fixed, so that a solution depends on the problem alone."""


def pair_scores(c_e: Tensor, edges_s: Tensor, edges_t: Tensor, nodes: int) -> Tensor:
    """Dense score of matching i to a *and* j to b, counting edges of both directions.

    Args:
        c_e: Edge affinities (G, E_s, E_t).
        edges_s: Edges (i, j) of graph s (G, E_s, 2), without self loops.
        edges_t: Edges (a, b) of graph t (G, E_t, 2), without self loops.
        nodes: N.

    Returns:
        (G, N, N, N, N), indexed [g, i, a, j, b], with S[i, a, j, b] == S[j, b, i, a]. Memory grows with N^4:
        256 KiB a graph at N = 16, 64 MiB at N = 64.
    """
    i, j = (edges_s[:, :, None, axis] for axis in (0, 1))  # (G, E_s, 1)
    a, b = (edges_t[:, None, :, axis] for axis in (0, 1))  # (G, 1, E_t)
    index = ((i * nodes + a) * nodes + j) * nodes + b  # (G, E_s, E_t)
    flat = c_e.new_zeros(len(c_e), nodes**4).scatter_add_(1, index.flatten(1), c_e.flatten(1))
    scores = flat.view(-1, nodes**2, nodes**2)
    return (scores + scores.transpose(1, 2)).view(-1, nodes, nodes, nodes, nodes)


def objective(
    permutation: Tensor,
    c_v: Tensor,
    c_e: Tensor | None = None,
    edges_s: Tensor | None = None,
    edges_t: Tensor | None = None,
) -> Tensor:
    """Value of matchings (Eq. 4): vertex affinities plus affinities of all edge pairs they match.

    Args:
        permutation: (G, R, N), R candidates a graph.
        c_v: Vertex affinities (G, N, N).
        c_e: Edge affinities (G, E_s, E_t), or None for the linear problem.
        edges_s: (G, E_s, 2), needed with `c_e`.
        edges_t: (G, E_t, 2), needed with `c_e`.

    Returns:
        (G, R).
    """
    value = c_v.gather(2, permutation.transpose(1, 2)).sum(1)  # (G, N, R) -> (G, R)
    if c_e is None or edges_s is None or edges_t is None:
        return value
    return value + (matched_edges(permutation, edges_s, edges_t) * c_e[:, None]).sum((2, 3))


def matched_edges(permutation: Tensor, edges_s: Tensor, edges_t: Tensor) -> Tensor:
    """`v[i, a] v[j, b]`: whether permutations (G, R, N) map edge (i, j) onto edge (a, b), bool (G, R, E_s, E_t)."""
    ends = edges_s.flatten(1)[:, None].expand(-1, permutation.shape[1], -1)
    mapped = permutation.gather(2, ends).view(*permutation.shape[:2], -1, 1, 2)  # (G, R, E_s, 1, 2): p[i], p[j]
    return (mapped == edges_t[:, None, None]).all(-1)


def solve_linear(c_v: Tensor) -> Tensor:
    """Best permutations (G, N) for vertex affinities (G, N, N) alone: exact linear assignment."""
    costs = c_v.detach().double().cpu().numpy()
    columns = np.stack([linear_sum_assignment(cost, maximize=True)[1] for cost in costs])
    return torch.as_tensor(columns, dtype=torch.int64, device=c_v.device)


def _starts(c_v: Tensor, restarts: int, seed: int) -> Tensor:
    """Starting permutations (G, R, N): the linear assignment, then random ones, the same for every graph."""
    graphs, nodes, _ = c_v.shape
    generator = torch.Generator().manual_seed(seed)
    random = torch.rand(max(restarts - 1, 0), nodes, generator=generator).argsort(1)  # (R - 1, N)
    return torch.cat([solve_linear(c_v)[:, None], random.to(c_v.device).expand(graphs, -1, -1)], dim=1)


@torch.no_grad()
def solve(
    c_v: Tensor,
    c_e: Tensor | None = None,
    edges_s: Tensor | None = None,
    edges_t: Tensor | None = None,
    *,
    restarts: int = 8,
    iterations: int = 100,
    seed: int = SEED,
    guess: Tensor | None = None,
) -> Tensor:
    """Best permutations found for Eq. 4.

    A solution depends on its own problem and the seed, not on the rest of the batch and not on global random state.

    Args:
        c_v: Vertex affinities (G, N, N).
        c_e: Edge affinities (G, E_s, E_t), or None for the exact linear assignment.
        edges_s: (G, E_s, 2), needed with `c_e`.
        edges_t: (G, E_t, 2), needed with `c_e`.
        restarts: Searches a graph; the first starts from the linear assignment, the others at random.
        iterations: Swaps a search.
        seed: Of the random starts and tabu tenures.
        guess: A permutation (G, N) to search from as well, for example the solution of a nearby problem.

    Returns:
        Permutations (G, N), int64.

    Raises:
        TrainingError: If an affinity is not finite.
    """
    check_finite(c_v, c_e)
    if c_e is None or edges_s is None or edges_t is None:
        return solve_linear(c_v)
    scores = pair_scores(c_e, edges_s, edges_t, c_v.shape[1])  # (G, N, N, N, N)
    starts = _starts(c_v, restarts, seed)  # (G, R, N)
    if guess is not None:
        starts = torch.cat([guess[:, None], starts], dim=1)
    found, value = tabu_search(c_v, scores, starts, iterations, seed)  # (G, R, N), (G, R)
    return found[torch.arange(len(c_v), device=c_v.device), value.argmax(1)]


def solve_brute_force(
    c_v: Tensor, c_e: Tensor | None = None, edges_s: Tensor | None = None, edges_t: Tensor | None = None
) -> Tensor:
    """Exact solution (G, N) by trying all N! permutations; for N up to about 7. Arguments as in `solve`."""
    nodes = c_v.shape[1]
    every = torch.tensor(list(itertools.permutations(range(nodes))), device=c_v.device)  # (N!, N)
    value = objective(every.expand(len(c_v), -1, -1), c_v, c_e, edges_s, edges_t)  # (G, N!)
    return every[value.argmax(1)]


def check_finite(c_v: Tensor, c_e: Tensor | None) -> None:
    """Raise `TrainingError` if an affinity is NaN or infinite."""
    for name, affinity in (("vertex", c_v), ("edge", c_e)):
        if affinity is not None and not bool(torch.isfinite(affinity).all()):
            bad = int((~torch.isfinite(affinity)).sum())
            raise TrainingError(
                f"LVM-Med: {bad} of {affinity.numel()} {name} affinities are NaN or infinite; graph matching needs "
                "finite ones. The encoder has most likely diverged: lower `lr`, or set `projector_norm=batch`."
            )
