"""The networks of the method, and how embeddings and feature maps of two views become affinities of graphs."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from bench.core.kind import Features
from methods.lvmmed.affinity import edge_affinity, local_similarity, vertex_affinity
from methods.lvmmed.config import LVMMedConfig
from methods.lvmmed.graph import GCN, knn_graph
from methods.lvmmed.views import cell_centres


class LVMMedModule(nn.Module):
    """The encoder under training, its projector and the message passing network, all shared by both views."""

    def __init__(self, backbone: nn.Module, config: LVMMedConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone
        width = config.projection_dim
        layers: list[nn.Module] = [nn.Linear(cast(int, backbone.embedding_dim), width)]
        if config.projector_norm == "batch":
            layers.append(nn.BatchNorm1d(width))
        self.projector = nn.Sequential(*layers)
        self.gcn = GCN(width, residual=config.residual) if config.message_passing else None

    def affinities(self, encoded: list[Features], boxes: list[Tensor]) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        """Vertex affinities (G, N, N), edge affinities (G, E, E) or None, and the edges of both graphs (G, E, 2).

        Args:
            encoded: Features of B = G * N images, for both views.
            boxes: Crop boxes (B, 5), for both views.
        """
        config = self.config
        z = [self._graphs(self.projector(features.pooled.float())) for features in encoded]  # (G, N, D)
        edges_s, edges_t = (knn_graph(view, config.neighbours) for view in z)
        if self.gcn is not None:
            z = [self.gcn(view, edges) for view, edges in zip(z, (edges_s, edges_t), strict=True)]
        local = self._local(encoded, boxes) if config.local_similarity else None
        c_v = vertex_affinity(z[0], z[1], local, config.alpha)
        c_e = edge_affinity(z[0], z[1], edges_s, edges_t) if config.second_order else None
        return c_v, c_e, edges_s, edges_t

    def _local(self, encoded: list[Features], boxes: list[Tensor]) -> Tensor:
        """Local similarity (G, N, N) of both directions on the coarsest feature maps."""
        maps = [features.maps[-1].float() for features in encoded]  # (B, C, R, S)
        cells = [self._graphs(y.flatten(2).mT) for y in maps]  # (G, N, K, C)
        centres = [
            self._graphs(cell_centres(box, *y.shape[-2:])) for box, y in zip(boxes, maps, strict=True)
        ]  # (G, N, K, 2)
        return local_similarity(
            cells[0], cells[1], centres[0], centres[1], self.config.gamma, self.config.local_combination
        )

    def _graphs(self, x: Tensor) -> Tensor:
        """Cut a batch into graphs of N consecutive images: (G * N, ...) -> (G, N, ...)."""
        return x.unflatten(0, (-1, self.config.nodes))


def matching_quality(c_v: Tensor, v: Tensor) -> dict[str, Tensor]:
    """Logged scalars, see `LVMMed.loss`: vertex affinities (G, N, N) and matchings (G, N, N)."""
    nodes = c_v.shape[1]
    true = c_v.diagonal(dim1=1, dim2=2)  # (G, N)
    nearest = c_v.argmax(2) == torch.arange(nodes, device=c_v.device)
    return {
        "matching_accuracy": nearest.float().mean(),
        "matching_accuracy_noisy": v.diagonal(dim1=1, dim2=2).mean(),
        "affinity_true": true.mean(),
        "affinity_false": (c_v.sum((1, 2)) - true.sum(1)).mean() / (nodes * (nodes - 1)),
    }
