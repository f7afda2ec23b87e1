"""The tabu search of `tabu.py` compiled for the CPU with numba: same starts, same tenures, same rules, same results.

Problems are spread over Python threads, and the compiled code holds no GIL. Numba's own parallel loops are left alone
on purpose: of its threading layers, `workqueue` aborts when two threads enter it and `omp` when a forked process does,
and a library cannot choose for its user. Plain threads are safe with torch's OpenMP, forked data loaders and several
calls at once, and end with the call. Compiled code is cached beside this file, or in the user's cache folder.

The compiled functions name one search's state as `tabu.py` does: `place` is the permutation, `local[i, a]` the value of
i at a, `until[i, a]` the iteration up to which i may not return to a. Loops are written out: array expressions would
allocate.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from methods.lvmmed.tabu import TOLERANCE

CHUNK = 8
"""Most problems a thread takes at a time: enough to hide the hand-over, few enough that threads finish together."""


def tabu_search(
    c_v: Tensor, c_e: Tensor, edges_s: Tensor, edges_t: Tensor, starts: Tensor, tenures: Tensor, agree: int
) -> Tensor:
    """Best permutations (G, N) of tensors on the CPU; arguments as in `tabu.tabu_search`.

    Uses `torch.get_num_threads()` threads. A problem's result does not depend on their number.
    """
    best = torch.empty_like(starts[:, 0])
    search: Any = _search_problems  # numba's types do not show the arguments
    arrays = [x.contiguous().numpy() for x in (c_v, c_e, edges_s, edges_t, starts, tenures, best)]
    threads = min(torch.get_num_threads(), len(c_v))
    if threads <= 1:
        search(*arrays, agree, 0, len(c_v))
        return best
    size = min(CHUNK, math.ceil(len(c_v) / threads))
    chunks = [(low, min(low + size, len(c_v))) for low in range(0, len(c_v), size)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda chunk: search(*arrays, agree, *chunk), chunks))
    return best


@njit(cache=True, nogil=True)
def _search_problems(c_v, c_e, edges_s, edges_t, starts, tenures, best, agree, low, high):  # type: ignore[no-untyped-def]
    """Fill best[low:high]. The large buffers are reused by the problems: 2 E_s N^2 numbers a thread."""
    nodes, count = c_v.shape[1], edges_s.shape[1]
    ahead = np.empty((count, nodes, nodes), c_e.dtype)
    back = np.empty((count, nodes, nodes), c_e.dtype)
    degree = np.empty((2, nodes), np.int64)
    listed = np.empty((2, nodes, nodes, 2), np.int64)
    for g in range(low, high):
        _spread(c_e[g], edges_t[g], ahead, back)
        _list_neighbours(edges_s[g], degree, listed)
        _search_restarts(c_v[g], ahead, back, degree, listed, starts[g], tenures, best[g], agree)


@njit(cache=True, nogil=True)
def _spread(c_e, edges_t, ahead, back):  # type: ignore[no-untyped-def]
    """Affinity of edge e of s with edge (a, b) of t, 0 where t has none, as ahead[e, a, b] and back[e, b, a].

    Laid out so that a move adds whole rows; both are (E_s, N, N).
    """
    ahead[:] = 0
    back[:] = 0
    for f in range(edges_t.shape[0]):
        a, b = edges_t[f, 0], edges_t[f, 1]
        for e in range(c_e.shape[0]):
            ahead[e, a, b] = c_e[e, f]
            back[e, b, a] = c_e[e, f]


@njit(cache=True, nogil=True)
def _list_neighbours(edges_s, degree, listed):  # type: ignore[no-untyped-def]
    """Edges that leave (0) or enter (1) node i: degree[0 or 1, i] of them, listed[0 or 1, i] = (other node, edge)."""
    degree[:] = 0
    for e in range(edges_s.shape[0]):
        i, j = edges_s[e, 0], edges_s[e, 1]
        listed[0, i, degree[0, i], 0] = j
        listed[0, i, degree[0, i], 1] = e
        degree[0, i] += 1
        listed[1, j, degree[1, j], 0] = i
        listed[1, j, degree[1, j], 1] = e
        degree[1, j] += 1


@njit(cache=True, nogil=True)
def _search_restarts(c_v, ahead, back, degree, listed, starts, tenures, best, agree):  # type: ignore[no-untyped-def]
    """The best of all restarts into `best` (N,); stops when `agree` of them ended at the best permutation so far."""
    nodes = c_v.shape[0]
    found = np.empty(nodes, np.int64)
    best_value, agreed = -np.inf, 0
    for restart in range(starts.shape[0]):
        for i in range(nodes):
            found[i] = starts[restart, i]
        value = _search(c_v, ahead, back, degree, listed, found, tenures[:, restart])
        same = agreed > 0
        for i in range(nodes):
            same = same and found[i] == best[i]
        if same:
            agreed += 1
            best_value = max(value, best_value)
        elif value > best_value:
            best_value, agreed = value, 1
            for i in range(nodes):
                best[i] = found[i]
        if agreed == agree:
            break


@njit(cache=True, nogil=True)
def _search(c_v, ahead, back, degree, listed, found, tenures):  # type: ignore[no-untyped-def]
    """One search from `found` (N,), which becomes the best permutation; returns its value. See `tabu.tabu_search`."""
    nodes = c_v.shape[0]
    place = found.astype(np.uint32)
    until = np.zeros((nodes, nodes), np.int64)
    stay = np.empty(nodes, c_v.dtype)
    both = np.zeros((nodes, nodes), c_v.dtype)
    local = c_v.copy()
    value = c_v.dtype.type(0)
    for i in range(nodes):
        _add_rows(i, place[i], local, ahead, back, degree, listed)
        _score_pairs_of(i, both, ahead, degree, listed, place)
    for i in range(nodes):
        value += (c_v[i, place[i]] + local[i, place[i]]) / 2  # `local` counts every edge pair twice
    best_value = value
    for iteration in range(len(tenures)):
        wanted = best_value - value + TOLERANCE * max(abs(best_value), 1)
        i, k, gain = _choose(local, both, place, until, stay, iteration, wanted)
        a, b = place[i], place[k]
        until[i, a] = until[k, b] = iteration + tenures[iteration]
        place[i], place[k] = b, a
        _move(i, a, b, local, ahead, back, degree, listed)
        _move(k, b, a, local, ahead, back, degree, listed)
        _score_pairs_of(i, both, ahead, degree, listed, place)
        _score_pairs_of(k, both, ahead, degree, listed, place)
        value += gain
        if value > best_value:
            best_value = value
            for node in range(nodes):
                found[node] = place[node]
    return best_value


@njit(cache=True, nogil=True)
def _choose(local, both, place, until, stay, iteration, wanted):  # type: ignore[no-untyped-def]
    """Nodes and gain of the best swap that is not tabu, or that gains more than `wanted`; the first if all are tabu."""
    for i in range(len(place)):
        stay[i] = local[i, place[i]]
    best_i, best_k = 1, 0
    best = stay.dtype.type(-np.inf)
    for i in range(1, len(place)):
        a, stay_i = place[i], stay[i]
        for k in range(i):
            b = place[k]
            gain = local[i, b] + local[k, a] - stay_i - stay[k] + both[i, k]
            if gain > best and (gain > wanted or until[i, b] <= iteration or until[k, a] <= iteration):
                best_i, best_k, best = i, k, gain
    if best == -np.inf:
        a, b = place[1], place[0]
        best = local[1, b] + local[0, a] - stay[1] - stay[0] + both[1, 0]
    return best_i, best_k, best


@njit(cache=True, nogil=True)
def _score_pairs_of(i, both, ahead, degree, listed, place):  # type: ignore[no-untyped-def]
    """S[i, p_i, k, p_k] + S[i, p_k, k, p_i] of node i with all nodes k into row and column i of `both` (N, N)."""
    a = place[i]
    for k in range(len(place)):
        both[i, k] = both[k, i] = 0
    for side in range(2):
        for u in range(degree[side, i]):
            k, e = listed[side, i, u, 0], listed[side, i, u, 1]
            both[i, k] += ahead[e, a, place[k]] + ahead[e, place[k], a]
            both[k, i] = both[i, k]


@njit(cache=True, nogil=True)
def _add_rows(i, a, local, ahead, back, degree, listed):  # type: ignore[no-untyped-def]
    """Put node i at a in the local scores of its neighbours."""
    for side, rows in ((0, ahead), (1, back)):
        for u in range(degree[side, i]):
            row, new = local[listed[side, i, u, 0]], rows[listed[side, i, u, 1], a]
            for b in range(len(row)):
                row[b] += new[b]


@njit(cache=True, nogil=True)
def _move(i, a, b, local, ahead, back, degree, listed):  # type: ignore[no-untyped-def]
    """Move node i from a to b in the local scores of its neighbours."""
    for side, rows in ((0, ahead), (1, back)):
        for u in range(degree[side, i]):
            row, table = local[listed[side, i, u, 0]], rows[listed[side, i, u, 1]]
            old, new = table[a], table[b]
            for c in range(len(row)):
                row[c] += new[c] - old[c]
