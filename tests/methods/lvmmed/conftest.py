from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.core.kind import Features
from methods.lvmmed.graph import knn_graph


class TinyBackbone(nn.Module):
    """Two strided convolutions with the interface of a backbone."""

    channels = (32,)
    strides = (8,)
    embedding_dim = 32

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 24, 5, stride=4, padding=2),
            nn.BatchNorm2d(24),
            nn.ReLU(),
            nn.Conv2d(24, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
        )

    def forward(self, images: Tensor) -> Features:
        maps = self.body(images)
        return Features([maps], maps.mean((2, 3)))


Problem = tuple[Tensor, Tensor, Tensor, Tensor]


def random_problem(graphs: int, nodes: int, neighbours: int, seed: int, dtype: torch.dtype = torch.float32) -> Problem:
    """Random affinities on the neighbour graphs of random points: c_v, c_e, edges_s, edges_t."""
    generator = torch.Generator().manual_seed(seed)
    z_s, z_t = torch.randn(2, graphs, nodes, 8, generator=generator)
    edges_s, edges_t = knn_graph(z_s, neighbours), knn_graph(z_t, neighbours)
    c_v = torch.randn(graphs, nodes, nodes, generator=generator, dtype=dtype)
    c_e = torch.randn(graphs, edges_s.shape[1], edges_t.shape[1], generator=generator, dtype=dtype)
    return c_v, c_e, edges_s, edges_t


@pytest.fixture
def make_problem() -> Any:
    """Function (graphs, nodes, neighbours, seed, dtype) -> problem, see `random_problem`."""
    return random_problem


@pytest.fixture
def tiny_backbone() -> TinyBackbone:
    torch.manual_seed(0)
    return TinyBackbone()


@pytest.fixture
def make_views() -> Any:
    """Function (batch, size, seed) -> collated random views."""

    def make(batch: int, size: int = 32, seed: int = 0) -> dict[str, list[Tensor]]:
        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(batch, 3, size, size, generator=generator)
        noisy = images + 0.1 * torch.randn(images.shape, generator=generator)
        boxes = torch.rand(2, batch, 5, generator=generator) / 2 + torch.tensor([0, 0, 0.2, 0.2, 0])
        boxes[..., 4] = (boxes[..., 4] > 0.25).float()
        return {"images": [images, noisy], "boxes": list(boxes)}

    return make
