"""What a matching problem must look like, and errors that say what was found instead."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.core.errors import TrainingError

Edges = Tensor | None


def check_problem(c_v: Tensor, c_e: Tensor | None, edges_s: Edges, edges_t: Edges) -> None:
    """Check shapes, types and devices, which costs nothing, and values, which waits for the device once.

    Args:
        c_v: Vertex affinities (G, N, N).
        c_e: Edge affinities (G, E_s, E_t), or None for the linear problem; the edges are then ignored.
        edges_s: (G, E_s, 2), int64.
        edges_t: (G, E_t, 2), int64.

    Raises:
        ValueError: If shapes, types or devices do not fit, or an edge is a self loop, a repeat or out of range.
        TrainingError: If an affinity is NaN or infinite.
    """
    _check_form("c_v", c_v, (None, *c_v.shape[-1:] * 2), "(graphs, nodes, nodes)")
    tests = [_finite(c_v)]
    if c_e is not None:
        if edges_s is None or edges_t is None:
            raise ValueError("Graph matching with edge affinities `c_e` needs the edges `edges_s` and `edges_t` too.")
        graphs = len(c_v)
        for name, edges, side in (("edges_s", edges_s, -2), ("edges_t", edges_t, -1)):
            _check_form("c_e", c_e, (graphs, None, None), "(graphs, edges of s, edges of t)")
            _check_form(name, edges, (graphs, c_e.shape[side], 2), "(graphs, edges as in c_e, 2)", integer=True)
            if edges.device != c_v.device or c_e.device != c_v.device:
                raise ValueError(
                    f"Graph matching needs its tensors on one device; c_v is on {c_v.device}, c_e on {c_e.device}, "
                    f"{name} on {edges.device}. Move them with `.to(device)`."
                )
        tests += [_finite(c_e), _simple(edges_s, c_v.shape[1]), _simple(edges_t, c_v.shape[1])]
    passed = torch.stack(tests).tolist()
    for name, affinity, finite in zip(("vertex", "edge"), (c_v, c_e), passed[:2], strict=False):
        if affinity is not None and not finite:
            raise TrainingError(_not_finite(name, affinity))
    for name, simple in zip(("edges_s", "edges_t"), passed[2:], strict=False):
        if not simple:
            raise ValueError(
                f"{name} must hold pairs of different nodes from 0 to {c_v.shape[1] - 1}, each at most once a graph; "
                "found a self loop, a repeat or a node out of range."
            )


def check_search(c_v: Tensor, restarts: int, iterations: int | None, guess: Tensor | None) -> None:
    """Raise `ValueError` unless a search has starts and swaps, and `guess` holds permutations (G, N)."""
    if restarts < 1 or (iterations is not None and iterations < 1):
        raise ValueError(f"A search needs restarts and iterations of at least 1; found {restarts} and {iterations}.")
    if guess is None:
        return
    nodes = torch.arange(c_v.shape[1], device=guess.device)
    if guess.shape != c_v.shape[:2] or not bool((guess.sort(dim=1).values == nodes).all()):
        raise ValueError(
            f"guess must hold a permutation of the {c_v.shape[1]} nodes for each of {len(c_v)} graphs; found shape "
            f"{tuple(guess.shape)}, or a node that is missing or out of range."
        )


def _check_form(name: str, x: Tensor, shape: tuple[int | None, ...], meaning: str, *, integer: bool = False) -> None:
    """Raise `ValueError` unless `x` has this shape (None: any size) and a fitting type."""
    if x.ndim != 3 or any(want is not None and want != size for want, size in zip(shape, x.shape, strict=True)):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} has shape {tuple(x.shape)}, expected {meaning}, here ({wanted}).")
    if (x.dtype != torch.int64) if integer else not x.is_floating_point():
        raise ValueError(f"{name} has type {x.dtype}, expected {'torch.int64' if integer else 'a floating type'}.")


def _finite(x: Tensor) -> Tensor:
    """Whether all of `x` is finite, as a scalar tensor; without a temporary of the size of `x`."""
    if x.numel() == 0:
        return torch.ones((), dtype=torch.bool, device=x.device)
    return torch.isfinite(torch.stack(torch.aminmax(x))).all()


def _simple(edges: Tensor, nodes: int) -> Tensor:
    """Whether no edge (G, E, 2) is a self loop, repeated or out of range, as a scalar tensor."""
    inside = ((edges >= 0) & (edges < nodes)).all() & (edges[..., 0] != edges[..., 1]).all()
    number = (edges[..., 0] * nodes + edges[..., 1]).clamp(0, max(nodes**2 - 1, 0))
    ordered = number.sort(dim=1).values
    return inside & (ordered[:, 1:] != ordered[:, :-1]).all()


def _not_finite(name: str, affinity: Tensor) -> str:
    bad = int((~torch.isfinite(affinity)).sum())
    return (
        f"LVM-Med: {bad} of {affinity.numel()} {name} affinities are NaN or infinite; graph matching needs "
        "finite ones. The encoder has most likely diverged: lower its learning rate, or normalise its embeddings "
        "(`projector_norm=batch`)."
    )
