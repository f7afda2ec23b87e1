"""Graph matching as a layer of a network, usable without the benchmark."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from methods.lvmmed.imle import Matcher, match


class GraphMatching(nn.Module):
    """Matching of two graphs from their affinities, differentiable by implicit maximum likelihood (Algorithm 1).

    The layer has no parameters. Training mode adds noise to the affinities, as the paper does; evaluation mode does
    not. See `imle.match` for the gradient and how it differs from the paper, `solver.solve` for the solver.

    Args:
        lambda_: Step against the loss in affinity space.
        noise: `gumbel`, or its mean as a constant (black-box differentiation, Vlastelica et al. 2020).
        gumbel_scale: Scale of the noise.
        samples: Noise samples whose matchings are averaged.
        restarts: Most searches for each problem.
        iterations: Swaps of each search; None for what suits the number of nodes.

    Example:
        Two graphs of 4 nodes with 3 directed edges each; the affinities are learned until the matching is the identity.

        >>> import torch
        >>> from methods.lvmmed import GraphMatching, hamming_distance
        >>> _ = torch.manual_seed(0)
        >>> edges = torch.tensor([[[0, 1], [1, 2], [2, 3]]] * 2)  # (G, E, 2)
        >>> c_v = torch.randn(2, 4, 4, requires_grad=True)  # (G, N, N)
        >>> c_e = torch.randn(2, 3, 3, requires_grad=True)  # (G, E, E)
        >>> layer = GraphMatching(gumbel_scale=0.1)
        >>> optimiser = torch.optim.SGD([c_v, c_e], lr=20.0)
        >>> for _ in range(100):
        ...     loss = hamming_distance(layer(c_v, c_e, edges, edges), torch.eye(4)).mean()
        ...     optimiser.zero_grad()
        ...     loss.backward()
        ...     optimiser.step()
        >>> layer.eval()(c_v, c_e, edges, edges).argmax(2)
        tensor([[0, 1, 2, 3],
                [0, 1, 2, 3]])
    """

    def __init__(
        self,
        *,
        lambda_: float = 80.0,
        noise: Literal["gumbel", "constant"] = "gumbel",
        gumbel_scale: float = 1.0,
        samples: int = 1,
        restarts: int = 16,
        iterations: int | None = None,
    ) -> None:
        super().__init__()
        self.matcher = Matcher(lambda_, noise, gumbel_scale, samples, restarts, iterations)
        self.quiet = Matcher(lambda_, "constant", 0.0, 1, restarts, iterations)

    def forward(
        self, c_v: Tensor, c_e: Tensor | None = None, edges_s: Tensor | None = None, edges_t: Tensor | None = None
    ) -> Tensor:
        """Affinities to a matching.

        Args:
            c_v: Vertex affinities (G, N, N).
            c_e: Edge affinities (G, E_s, E_t), or None for linear assignment.
            edges_s: Directed edges (i, j) of graphs s (G, E_s, 2), int64, needed with `c_e`.
            edges_t: Directed edges (a, b) of graphs t (G, E_t, 2), int64, needed with `c_e`.

        Returns:
            v (G, N, N), float32 or float64: 1 where node i of s is matched to node a of t, else 0; a mean of those with
            several samples.

        Raises:
            TrainingError: If an affinity is not finite.
            ValueError: If the tensors do not fit together.
        """
        return match(c_v, c_e, edges_s, edges_t, self.matcher if self.training else self.quiet)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return repr(self.matcher).removeprefix("Matcher(").removesuffix(")")
