from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from bench.core.errors import TrainingError
from methods.lvmmed.graph import GCN, knn_graph


def test_edges_equal_scikit_learn():
    z = torch.randn(3, 16, 12, generator=torch.Generator().manual_seed(0))
    edges = knn_graph(z, 5)
    assert edges.shape == (3, 80, 2)
    for graph, points in zip(edges, z.numpy(), strict=True):
        search = NearestNeighbors(n_neighbors=6, metric="cosine").fit(points)
        expected = search.kneighbors(points, return_distance=False)[:, 1:]
        assert np.array_equal(graph[:, 0].view(16, 5), np.arange(16)[:, None].repeat(5, 1))
        assert np.array_equal(graph[:, 1].view(16, 5), expected)


def test_no_self_loops_even_among_identical_nodes():
    edges = knn_graph(torch.ones(2, 6, 4), 3)
    assert (edges[..., 0] != edges[..., 1]).all()


def test_too_many_neighbours_are_refused():
    with pytest.raises(TrainingError, match="4 neighbours asked of graphs with 4 nodes"):
        knn_graph(torch.randn(1, 4, 3), 4)


@pytest.mark.parametrize("residual", [False, True])
def test_gcn_equals_the_formula(residual):
    torch.manual_seed(0)
    gcn = GCN(8, residual=residual).double()
    z = torch.randn(2, 6, 8, dtype=torch.float64)
    edges = knn_graph(z, 2)
    output = gcn(z, edges)
    (w1, b1), (w2, b2) = ((m.weight.detach().numpy(), m.bias.detach().numpy()) for m in (gcn.first, gcn.second))
    for g in range(2):
        a = np.eye(6)
        for i, j in edges[g].numpy():
            a[i, j] = 1
        d = np.diag(a.sum(1) ** -0.5)
        x = z[g].numpy()
        hidden = np.maximum(d @ a @ d @ (x @ w1.T + b1), 0)
        expected = d @ a @ d @ (hidden @ w2.T + b2) + (x if residual else 0)
        np.testing.assert_allclose(output[g].detach().numpy(), expected, atol=1e-6)


def test_gcn_follows_a_renumbering_of_nodes():
    torch.manual_seed(1)
    gcn, z = GCN(8), torch.randn(2, 7, 8)
    order = torch.randperm(7)
    plain = gcn(z, knn_graph(z, 3))
    torch.testing.assert_close(gcn(z[:, order], knn_graph(z[:, order], 3)), plain[:, order])
