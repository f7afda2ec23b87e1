"""Graphs over images: k nearest neighbours as edges, and the message passing network of Eq. 1."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.core.errors import TrainingError


@torch.no_grad()
def knn_graph(z: Tensor, neighbours: int) -> Tensor:
    """Directed edges from every node to its k nearest neighbours by cosine, without self loops.

    Args:
        z: Node embeddings (G, N, D).
        neighbours: k.

    Returns:
        Edges (G, N * k, 2), int64, as (node, neighbour), grouped by node, nearest first.

    Raises:
        TrainingError: If a graph has no k other nodes.
    """
    nodes = z.shape[1]
    if neighbours >= nodes:
        raise TrainingError(
            f"LVM-Med: {neighbours} neighbours asked of graphs with {nodes} nodes; each node has {nodes - 1} others. "
            f"Set `neighbours` to {nodes - 1} or less, or use larger graphs (`nodes`)."
        )
    unit = F.normalize(z, dim=-1)
    similarity = unit @ unit.mT  # (G, N, N)
    similarity.diagonal(dim1=1, dim2=2).fill_(-torch.inf)
    neighbour = similarity.topk(neighbours, dim=-1).indices.flatten(1)  # (G, N * k)
    node = torch.arange(nodes, device=z.device).repeat_interleave(neighbours)  # (N * k,)
    return torch.stack([node.expand_as(neighbour), neighbour], dim=-1)


def normalised_adjacency(edges: Tensor, nodes: int) -> Tensor:
    """D^-1/2 (A + I) D^-1/2 (G, N, N) of edges (G, E, 2), where D counts the edges that leave a node and its self loop.

    Row i holds what node i receives: itself and the neighbours its edges point to. With k neighbours each, D = k + 1
    for all nodes, so that the symmetric normalisation is the mean over a node and its neighbours.
    """
    flat = torch.zeros(len(edges), nodes * nodes, device=edges.device)
    flat.scatter_(1, edges[..., 0] * nodes + edges[..., 1], 1.0)
    adjacency = flat.view(-1, nodes, nodes) + torch.eye(nodes, device=edges.device)
    scale = adjacency.sum(2).rsqrt()  # (G, N)
    return scale[:, :, None] * adjacency * scale[:, None, :]


class GCN(nn.Module):
    """Message passing g of Eq. 1: two graph convolutions (Kipf and Welling 2017) with a ReLU between them.

    Differs from the paper only where asked to: `residual` adds the input to the output. Without it two rounds of
    averaging make the nodes of a small graph nearly alike, and an encoder that starts from random weights learns
    little (over-smoothing).
    """

    def __init__(self, dim: int, *, residual: bool = False) -> None:
        super().__init__()
        self.first = nn.Linear(dim, dim)
        self.second = nn.Linear(dim, dim)
        self.residual = residual

    def forward(self, z: Tensor, edges: Tensor) -> Tensor:
        """Node embeddings (G, N, D) and edges (G, E, 2) to embeddings (G, N, D) that know their neighbours."""
        adjacency = normalised_adjacency(edges, z.shape[1]).to(z.dtype)  # (G, N, N)
        hidden = (adjacency @ self.first(z)).relu()
        output: Tensor = adjacency @ self.second(hidden)
        return z + output if self.residual else output
