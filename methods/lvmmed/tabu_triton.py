"""The tabu search of `tabu.py` as one Triton kernel for NVIDIA GPUs: same starts, same tenures, same rules.

One program is one search: a restart of a problem, all of its iterations without going back to the host. Its state lives
in registers, as tiles of P x P numbers, where P is N rounded up to a power of two. To need no look-up in them, tiles
have a *holder* as column: column k of `local` is the place that node k holds now, so that a swap of two nodes exchanges
two columns. Edge affinities are read where both graphs have an edge, and nowhere else.

`TRITON_INTERPRET=1` runs the kernel on the CPU, which is how it is tested where there is no GPU.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from methods.lvmmed.tabu import TOLERANCE, best_until_agreed, edge_numbers


def tabu_search(
    c_v: Tensor, c_e: Tensor, edges_s: Tensor, edges_t: Tensor, starts: Tensor, tenures: Tensor, agree: int
) -> Tensor:
    """Best permutations (G, N); arguments as in `tabu.tabu_search`, on a GPU, for N up to `solver.MOST_NODES_TRITON`.

    All restarts run to their end, at the same time; `agree` picks among them as the other backends do.
    """
    graphs, restarts, nodes = starts.shape
    best = torch.empty_like(starts, dtype=torch.int32)
    values = torch.empty(graphs, restarts, dtype=c_v.dtype, device=c_v.device)
    tile = max(triton.next_power_of_2(nodes), 2)
    launch: Any = _search[(graphs * restarts,)]
    launch(
        *(x.contiguous() for x in (c_v, c_e)),
        *(_numbers(edges, nodes) for edges in (edges_s, edges_t)),
        *(x.to(torch.int32).contiguous() for x in (starts, tenures)),
        best,
        values,
        len(tenures),
        restarts,
        nodes,
        *c_e.shape[1:],
        tolerance=TOLERANCE,
        tile=tile,
        num_warps=warps(tile),
    )
    return best_until_agreed(best.long(), values, agree)


def warps(tile: int) -> int:
    """Warps of a block, 8 numbers of the tile for each thread: fewer spill more registers at 32 and 64 nodes."""
    return max(tile * tile // 256, 1)


def _numbers(edges: Tensor, nodes: int) -> Tensor:
    """Number of every edge (i, j), -1 where there is none: (G, E, 2) -> (G, N, N), int32."""
    numbers = edge_numbers(edges, nodes)
    return torch.where(numbers < edges.shape[1], numbers, -1).to(torch.int32)


@triton.jit
def _affinity(c_e, edge_s, edge_t, count_t):  # type: ignore[no-untyped-def]
    """Affinities of edges of s and t by their numbers, 0 where one of them is no edge."""
    return tl.load(c_e + edge_s * count_t + edge_t, mask=(edge_s >= 0) & (edge_t >= 0), other=0.0)


@triton.jit
def _from(numbers, node, others, nodes):  # type: ignore[no-untyped-def]
    """Numbers of the edges from `node` to `others`, -1 for columns of padding."""
    return tl.load(numbers + node * nodes + others, mask=others < nodes, other=-1)


@triton.jit
def _to(numbers, node, others, nodes):  # type: ignore[no-untyped-def]
    """Numbers of the edges from `others` to `node`, -1 for rows of padding."""
    return tl.load(numbers + others * nodes + node, mask=others < nodes, other=-1)


@triton.jit
def _table(c_e, out_s, in_s, out_t, in_t, count_t):  # type: ignore[no-untyped-def]
    """S[m, a, j, p_x] for all j and x (P, P), from the edges of node m of s and of place a of t."""
    ahead = _affinity(c_e, out_s[:, None], out_t[None, :], count_t)
    return ahead + _affinity(c_e, in_s[:, None], in_t[None, :], count_t)


@triton.jit
def _pairs_of(c_e, out_s, in_s, out_t, in_t, count_t):  # type: ignore[no-untyped-def]
    """S[m, a, k, p_k] + S[m, p_k, k, a] for all k (P,), from the edges of node m of s and of its place a of t."""
    stay = _affinity(c_e, out_s, out_t, count_t) + _affinity(c_e, in_s, in_t, count_t)
    return stay + _affinity(c_e, out_s, in_t, count_t) + _affinity(c_e, in_s, out_t, count_t)


@triton.jit
def _exchanged(x, columns, i, k):  # type: ignore[no-untyped-def]
    """The tile with its columns i and k exchanged; a sum with one term that is not zero is exact."""
    column_i = tl.sum(tl.where(columns == i, x, 0), 1)
    column_k = tl.sum(tl.where(columns == k, x, 0), 1)
    return tl.where(columns == i, column_k[:, None], tl.where(columns == k, column_i[:, None], x))


@triton.jit
def _with_cross(x, rows, columns, i, values):  # type: ignore[no-untyped-def]
    """The tile with `values` (P,) as its row i and its column i."""
    return tl.where(rows == i, values[None, :], tl.where(columns == i, values[:, None], x))


@triton.jit
def _search(  # type: ignore[no-untyped-def]
    c_v,
    c_e,
    numbers_s,
    numbers_t,
    starts,
    tenures,
    found,
    values,
    iterations,
    restarts,
    nodes,
    count_s,
    count_t,
    tolerance: tl.constexpr,
    tile: tl.constexpr,
):
    """One search; pointers are those of the whole batch. See `tabu_search` and `tabu.tabu_search`."""
    search = tl.program_id(0).to(tl.int64)
    graph, restart = search // restarts, search % restarts
    c_v += graph * nodes * nodes
    c_e += graph * count_s * count_t
    numbers_s += graph * nodes * nodes
    numbers_t += graph * nodes * nodes
    node = tl.arange(0, tile)
    rows, columns = node[:, None], node[None, :]
    inside = node < nodes
    pairs = (rows < columns) & (columns < nodes)
    place = tl.load(starts + search * nodes + node, mask=inside, other=nodes)  # padding holds a place that is none

    local = tl.load(c_v + rows * nodes + place[None, :], mask=(rows < nodes) & (columns < nodes), other=0.0)
    value = tl.sum(tl.sum(tl.where(rows == columns, local, 0.0), 1), 0) / 2
    both = tl.zeros_like(local)
    for m in range(nodes):
        a = tl.sum(tl.where(node == m, place, 0), 0)
        out_s, in_s = _from(numbers_s, m, node, nodes), _to(numbers_s, m, node, nodes)
        out_t, in_t = _from(numbers_t, a, place, nodes), _to(numbers_t, a, place, nodes)
        local += _table(c_e, out_s, in_s, out_t, in_t, count_t)
        both = _with_cross(both, rows, columns, m, _pairs_of(c_e, out_s, in_s, out_t, in_t, count_t))
    value += tl.sum(tl.sum(tl.where(rows == columns, local, 0.0), 1), 0) / 2  # `local` counts every edge pair twice
    until = tl.zeros([tile, tile], tl.int32)
    best, best_value = place, value

    for iteration in range(iterations):
        stay = tl.sum(tl.where(rows == columns, local, 0.0), 1)
        gain = local + tl.trans(local) - stay[:, None] - stay[None, :] + both
        wanted = best_value - value + tolerance * tl.maximum(tl.abs(best_value), 1.0)
        free = (until <= iteration) | (tl.trans(until) <= iteration) | (gain > wanted)
        masked = tl.reshape(tl.where(pairs & free, gain, float("-inf")), [tile * tile])
        choice = tl.where(tl.max(masked, 0) == float("-inf"), 1, tl.argmax(masked, 0))  # if all are tabu, 0 and 1
        i, k = choice // tile, choice % tile
        value += tl.sum(tl.sum(tl.where((rows == i) & (columns == k), gain, 0.0), 1), 0)

        tenure = tl.load(tenures + iteration * restarts + restart)
        left = ((rows == i) & (columns == i)) | ((rows == k) & (columns == k))
        until = _exchanged(tl.where(left, iteration + tenure, until), columns, i, k)
        a = tl.sum(tl.where(node == i, place, 0), 0)
        b = tl.sum(tl.where(node == k, place, 0), 0)
        place = tl.where(node == i, b, tl.where(node == k, a, place))
        local = _exchanged(local, columns, i, k)

        for part in range(4):  # i comes to b, i leaves a, k comes to a, k leaves b
            m, at = tl.where(part < 2, i, k), tl.where((part == 0) | (part == 3), b, a)
            out_s, in_s = _from(numbers_s, m, node, nodes), _to(numbers_s, m, node, nodes)
            out_t, in_t = _from(numbers_t, at, place, nodes), _to(numbers_t, at, place, nodes)
            comes = part % 2 == 0
            change = _table(c_e, out_s, in_s, out_t, in_t, count_t)
            local += tl.where(comes, change, -change)
            cross = _with_cross(both, rows, columns, m, _pairs_of(c_e, out_s, in_s, out_t, in_t, count_t))
            both = tl.where(comes, cross, both)
        best = tl.where(value > best_value, place, best)
        best_value = tl.maximum(value, best_value)

    tl.store(found + search * nodes + node, best, mask=inside)
    tl.store(values + search, best_value)
