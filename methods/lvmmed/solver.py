"""Second-order graph matching (Eq. 4): a batched search for the best permutation, its objective, and a brute force.

The paper solves each problem with a Lagrange-decomposition heuristic in one CPU process (Swoboda et al. 2017). Here it
is robust tabu search over pairwise swaps (Taillard 1991) from several starts, on the edges alone: compiled for the CPU
(`tabu_numba.py`) and for NVIDIA GPUs (`tabu_triton.py`), as tensors elsewhere (`tabu.py`). A matching is a permutation
`p` (N,), where `p[i] = a` matches node i of graph s to node a of graph t.

A search computes in float32 or, if an affinity is, in float64. Its memory grows with the affinities, plus 2 E_s N^2
numbers a thread on the CPU, and with G * R * N^2 in torch. The first one compiles, which takes some seconds once per
machine.
"""

from __future__ import annotations

import itertools
import os
import shutil
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Literal, get_args

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from methods.lvmmed.problem import check_problem, check_search

Backend = Literal["numba", "triton", "torch"]

MOST_NODES_TRITON = 64
"""Beyond, the tiles of a search do not fit into the registers of a block of threads."""

MOST_NODES_BRUTE_FORCE = 9

SEED = 20230620
"""Seed of the restarts: fixed, so that a solution depends on the problem alone."""


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
    nodes = permutation.shape[2]
    ends = edges_s.flatten(1)[:, None].expand(-1, permutation.shape[1], -1)
    mapped = permutation.gather(2, ends).view(*permutation.shape[:2], -1, 2)  # (G, R, E_s, 2): p[i], p[j]
    number_s, number_t = (x[..., 0] * nodes + x[..., 1] for x in (mapped, edges_t))  # an edge as one number
    return number_s[..., None] == number_t[:, None, None]


def solve_linear(c_v: Tensor) -> Tensor:
    """Best permutations (G, N) for vertex affinities (G, N, N) alone: exact linear assignment."""
    columns = np.empty(c_v.shape[:2], np.int64)
    for column, cost in zip(columns, c_v.detach().cpu().double().numpy(), strict=True):
        column[:] = linear_sum_assignment(cost, maximize=True)[1]
    return torch.from_numpy(columns).to(c_v.device)


def _starts(c_v: Tensor, restarts: int, seed: int, guess: Tensor | None) -> Tensor:
    """Starting permutations (G, R, N): a guess, the linear assignment, random ones that are the same for all graphs."""
    graphs, nodes, _ = c_v.shape
    generator = torch.Generator().manual_seed(seed)
    random = torch.rand(max(restarts - 1, 0), nodes, generator=generator).argsort(1)  # (R - 1, N)
    guessed = [] if guess is None else [guess[:, None]]
    linear = solve_linear(c_v)[:, None]
    return torch.cat([*guessed, linear, random.to(c_v.device).expand(graphs, -1, -1)], dim=1)


def _tenures(nodes: int, restarts: int, iterations: int | None, seed: int) -> Tensor:
    """For how many iterations a node may not return, uniform in [N / 2, 3 N / 2]: (iterations, R)."""
    generator = torch.Generator().manual_seed(seed)
    swaps = iterations or default_iterations(nodes)
    return torch.randint(nodes // 2, 3 * nodes // 2 + 1, (swaps, restarts), generator=generator)


def _tabu(backend: Backend | None, device: torch.device, nodes: int) -> ModuleType:
    """The module that searches; compilers are imported by the first search that needs them, not before."""
    chosen = backend or _default_backend(device, nodes)
    if chosen not in get_args(Backend):
        known = ", ".join(map(repr, get_args(Backend)))
        raise ValueError(f"backend={backend!r} is not known; expected {known}, or None for the device's own.")
    if chosen == "numba" and device.type != "cpu":
        raise ValueError(f"backend='numba' solves tensors on the CPU, found {device}. Use backend='torch' or None.")
    if chosen == "triton" and device.type != "cuda" and not os.environ.get("TRITON_INTERPRET"):
        raise ValueError(f"backend='triton' solves tensors on an NVIDIA GPU, found {device}. Use another or None.")
    if chosen == "triton" and nodes > MOST_NODES_TRITON:
        raise ValueError(
            f"backend='triton' solves graphs of up to {MOST_NODES_TRITON} nodes, found {nodes}. Use backend='torch' "
            "or None."
        )
    return import_module("methods.lvmmed." + {"torch": "tabu"}.get(chosen, f"tabu_{chosen}"))


def _default_backend(device: torch.device, nodes: int) -> Backend:
    if device.type == "cpu":
        return "numba"
    return "triton" if device.type == "cuda" and nodes <= MOST_NODES_TRITON and _triton_compiles() else "torch"


def _triton_compiles() -> bool:
    """Whether triton is here, and a C compiler, which it launches its kernels with: CC, else gcc or clang."""
    named = os.environ.get("CC")
    return find_spec("triton") is not None and any(map(shutil.which, [named] if named else ["gcc", "clang"]))


def default_iterations(nodes: int) -> int:
    """Swaps a search needs for graphs of N nodes: 0.4 N^2, the order of the number of possible swaps, at least 100."""
    return max(100, round(100 * (nodes / 16) ** 2))


@torch.no_grad()
def solve(
    c_v: Tensor,
    c_e: Tensor | None = None,
    edges_s: Tensor | None = None,
    edges_t: Tensor | None = None,
    *,
    restarts: int = 16,
    iterations: int | None = None,
    agree: int = 4,
    seed: int = SEED,
    guess: Tensor | None = None,
    backend: Backend | None = None,
) -> Tensor:
    """Best permutations (G, N), int64, found for Eq. 4.

    A solution depends on its problem and the seed, not on the batch, the number of threads or global random state.

    Args:
        c_v: Vertex affinities (G, N, N).
        c_e: Edge affinities (G, E_s, E_t), or None for the exact linear assignment.
        edges_s: (G, E_s, 2), needed with `c_e`; int64, no self loops, no repeats. Without edges the problem is linear.
        edges_t: (G, E_t, 2), the same.
        restarts: Most searches a graph; the first starts from the linear assignment, the others at random.
        iterations: Swaps a search; None for `default_iterations`.
        agree: A problem is done when this many of its searches ended at the best permutation so far.
        seed: Of the random starts and tabu tenures.
        guess: A permutation (G, N) to search from as well, for example the solution of a nearby problem.
        backend: `numba`, `triton` (N up to 64) or `torch`; None takes the fastest that the device has.

    Raises:
        TrainingError: If an affinity is not finite.
        ValueError: If tensors or the backend do not fit, see `problem.check_problem`, or `guess` is no permutations.
    """
    check_problem(c_v, c_e, edges_s, edges_t)
    check_search(c_v, restarts, iterations, guess)
    if c_e is None or edges_s is None or edges_t is None or c_e.numel() == 0 or c_v.shape[1] < 2:
        return solve_linear(c_v)
    starts = _starts(c_v, restarts, seed, guess)
    tenures = _tenures(c_v.shape[1], starts.shape[1], iterations, seed).to(c_v.device)
    return _search(c_v, c_e, edges_s, edges_t, starts, tenures, agree, backend)


def _search(
    c_v: Tensor,
    c_e: Tensor,
    edges_s: Tensor,
    edges_t: Tensor,
    starts: Tensor,
    tenures: Tensor,
    agree: int,
    backend: Backend | None,
) -> Tensor:
    """The best of the searches from `starts` (G, R, N) with `tenures` (iterations, R): permutations (G, N)."""
    kind = torch.promote_types(torch.promote_types(c_v.dtype, c_e.dtype), torch.float32)
    c_v, c_e = c_v.detach().to(kind), c_e.detach().to(kind)
    tabu = _tabu(backend, c_v.device, c_v.shape[1])
    found: Tensor = tabu.tabu_search(c_v, c_e, edges_s, edges_t, starts, tenures, agree)
    return found


def solve_brute_force(
    c_v: Tensor, c_e: Tensor | None = None, edges_s: Tensor | None = None, edges_t: Tensor | None = None
) -> Tensor:
    """Exact solution (G, N) by trying all N! permutations, some at a time. Arguments as in `solve`.

    Raises:
        ValueError: If N is above `MOST_NODES_BRUTE_FORCE`.
    """
    nodes = c_v.shape[1]
    if nodes > MOST_NODES_BRUTE_FORCE:
        raise ValueError(f"{nodes}! permutations are too many to try; up to {MOST_NODES_BRUTE_FORCE} nodes. Use solve.")
    every = torch.tensor(list(itertools.permutations(range(nodes))), device=c_v.device)  # (N!, N)
    found, best = every[:1].repeat(len(c_v), 1), torch.full_like(c_v[:, 0, 0], -torch.inf)
    for some in every.split(720):
        value, at = objective(some.expand(len(c_v), -1, -1), c_v, c_e, edges_s, edges_t).max(1)  # (G,), (G,)
        found = torch.where((value > best)[:, None], some[at], found)
        best = best.maximum(value)
    return found
