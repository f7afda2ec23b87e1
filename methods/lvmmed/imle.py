"""Graph matching as a differentiable layer: implicit maximum likelihood estimation, I-MLE (Algorithm 1, Eq. 6).

`match` solves perturbed problems; its gradient compares the solution with that of a problem moved against the loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.lvmmed.optimality import nearest_if_best
from methods.lvmmed.problem import Edges
from methods.lvmmed.solver import matched_edges, solve

EULER_GAMMA = 0.5772156649015329
"""Mean of the Gumbel(0, 1) distribution."""


@dataclass(frozen=True)
class Matcher:
    """Settings of the matching layer. Raises `ValueError` for values without a meaning."""

    lambda_: float = 80.0
    """Step against the loss in affinity space, Algorithm 1."""
    noise: Literal["gumbel", "constant"] = "gumbel"
    """`constant` adds the noise's mean instead: black-box differentiation (Vlastelica et al. 2020)."""
    gumbel_scale: float = 1.0
    samples: int = 1
    """Noise samples whose matchings are averaged."""
    restarts: int = 16
    iterations: int | None = None
    """Swaps of each search; None for what suits N, see `solver.solve`."""

    def __post_init__(self) -> None:
        """Refuse what would give no gradient, or another noise than the one named."""
        if self.noise not in ("gumbel", "constant"):
            raise ValueError(f"noise={self.noise!r} is not known; expected 'gumbel' or 'constant'.")
        if not 0 < self.lambda_ < math.inf:
            raise ValueError(f"lambda_={self.lambda_} must be positive; 70 to 100 in Fig. 6 of the paper.")
        if not 0 <= self.gumbel_scale < math.inf:
            raise ValueError(f"gumbel_scale={self.gumbel_scale} must be 0 or more.")
        if self.samples < 1:
            raise ValueError(f"samples={self.samples} must be at least 1.")

    def perturb(self, affinity: Tensor) -> Tensor:
        """Add noise, drawn anew from the global generator of the affinity's device."""
        if self.noise == "constant":
            return affinity + EULER_GAMMA * self.gumbel_scale
        noise = torch.empty_like(affinity).exponential_().clamp_min_(torch.finfo(affinity.dtype).tiny)
        return noise.log_().mul_(-self.gumbel_scale).add_(affinity)  # in place: one copy of the edge affinities

    def solve(self, c_v: Tensor, c_e: Tensor | None, edges: tuple[Edges, Edges], guess: Tensor | None) -> Tensor:
        """Permutations (M * G, N), see `solver.solve`; with a good guess fewer searches need to agree."""
        agree = 4 if guess is None else 3
        return solve(c_v, c_e, *edges, restarts=self.restarts, iterations=self.iterations, agree=agree, guess=guess)

    def solve_moved(self, c_v: Tensor, c_e: Tensor | None, edges: tuple[Edges, Edges], guess: Tensor) -> Tensor:
        """The same as `solve` to the bit; searches only where `optimality` does not prove what it would find."""
        edges_s, edges_t = edges
        if c_e is None or edges_s is None or edges_t is None or c_e.numel() == 0 or c_v.shape[1] < 2:
            return self.solve(c_v, c_e, edges, guess)
        best, proven = nearest_if_best(c_v, c_e, edges_s, edges_t, self.iterations)
        rest = (~proven).nonzero()[:, 0]
        if len(rest):
            open_edges = (edges_s[rest], edges_t[rest])
            best[rest] = self.solve(c_v[rest], c_e[rest], open_edges, guess[rest])
        return best


def match(
    c_v: Tensor,
    c_e: Tensor | None = None,
    edges_s: Tensor | None = None,
    edges_t: Tensor | None = None,
    matcher: Matcher | None = None,
) -> Tensor:
    """Matching of perturbed affinities, differentiable in them by I-MLE.

    The backward pass follows Algorithm 1 with one change that makes it homogeneous: dL/dv is divided by its mean
    magnitude s in each graph before it is multiplied by lambda, and the gradients are multiplied by s. A mean over
    graphs or a loss scale then leaves the meaning of lambda alone; for the Hamming distance of one graph, where
    |dL/dv| = 1, this is Algorithm 1 to the letter. Computes in float32 at least, whatever autocast says. A gradient
    that is not finite, as a loss scale that is too large gives, comes back as NaN for the scaler to see.

    Args:
        c_v: Vertex affinities (G, N, N).
        c_e: Edge affinities (G, E_s, E_t), or None for matching without second order.
        edges_s: Edges (i, j) of graph s (G, E_s, 2), needed with `c_e`.
        edges_t: Edges (a, b) of graph t (G, E_t, 2), needed with `c_e`.
        matcher: Settings.

    Returns:
        v (G, N, N): 1 where node i of s is matched to node a of t, else 0; a mean of those with several samples.

    Raises:
        TrainingError: If an affinity is not finite.
        ValueError: If the tensors do not fit together.
    """
    v: Tensor = _Match.apply(c_v, c_e, edges_s, edges_t, matcher or Matcher())
    return v


def hamming_distance(v: Tensor, v_true: Tensor) -> Tensor:
    """Eq. 5: `sum v (1 - v*) + v* (1 - v)` of every graph, (G, N, N) -> (G,); from 0 to 2 N, gradient 1 - 2 v*."""
    return (v * (1 - v_true) + v_true * (1 - v)).sum((1, 2))


class _Match(torch.autograd.Function):
    """See `match`. Samples are laid out as additional problems, sample by sample: (M * G, ...)."""

    @staticmethod
    def forward(ctx: Any, c_v: Tensor, c_e: Tensor | None, edges_s: Edges, edges_t: Edges, matcher: Matcher) -> Tensor:
        with torch.autocast(c_v.device.type, enabled=False):
            noisy_v = matcher.perturb(_repeat(_at_least_float32(c_v), matcher.samples))
            noisy_e = None
            if c_e is not None and edges_s is not None and edges_t is not None:
                edges_s, edges_t = (_repeat(edges, matcher.samples) for edges in (edges_s, edges_t))
                noisy_e = matcher.perturb(_repeat(_at_least_float32(c_e), matcher.samples))
            found = matcher.solve(noisy_v, noisy_e, (edges_s, edges_t), None)  # (M * G, N)
        ctx.save_for_backward(noisy_v, noisy_e, edges_s, edges_t, found)
        ctx.matcher, ctx.dtypes = matcher, (c_v.dtype, None if c_e is None else c_e.dtype)
        return _mean_over_samples(_one_hot(found, noisy_v), matcher.samples)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        noisy_v, noisy_e, edges_s, edges_t, found = ctx.saved_tensors
        matcher: Matcher = ctx.matcher
        with torch.autocast(grad.device.type, enabled=False):
            grad = _repeat(grad.to(noisy_v.dtype), matcher.samples)  # (M * G, N, N)
            scale = grad.abs().mean((1, 2), keepdim=True)  # s, (M * G, 1, 1)
            direction = torch.where((scale > 0) & scale.isfinite(), grad / scale, 0)
            moved = matcher.solve_moved(noisy_v - matcher.lambda_ * direction, noisy_e, (edges_s, edges_t), found)
            step = scale / matcher.lambda_
            grad_v = step * (_one_hot(found, noisy_v) - _one_hot(moved, noisy_v))
            grad_v = _mean_over_samples(grad_v, matcher.samples).to(ctx.dtypes[0])
            if noisy_e is None:
                return grad_v, None, None, None, None
            used, unused = (matched_edges(p[:, None], edges_s, edges_t)[:, 0] for p in (found, moved))
            grad_e = used.to(noisy_e.dtype).sub_(unused.to(noisy_e.dtype)).mul_(step)  # (M * G, E_s, E_t)
            grad_e = _mean_over_samples(grad_e, matcher.samples).to(ctx.dtypes[1])
        return grad_v, grad_e, None, None, None


def _repeat(x: Tensor, samples: int) -> Tensor:
    """(G, A, B) -> (M * G, A, B), without a copy where M = 1."""
    return x if samples == 1 else x.repeat(samples, 1, 1)


def _at_least_float32(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _mean_over_samples(x: Tensor, samples: int) -> Tensor:
    """(M * G, A, B) -> (G, A, B)."""
    return x if samples == 1 else x.unflatten(0, (samples, -1)).mean(0)


def _one_hot(permutation: Tensor, like: Tensor) -> Tensor:
    """Permutations (G, N) as matrices (G, N, N) of the dtype of `like`."""
    return F.one_hot(permutation, permutation.shape[1]).to(like.dtype)
