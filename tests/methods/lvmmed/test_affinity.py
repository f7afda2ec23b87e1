from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.lvmmed.affinity import edge_affinity, local_similarity, vertex_affinity
from methods.lvmmed.graph import knn_graph


def cosine(x, y) -> float:
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def loop_local(x, y, cx, cy, top, combination) -> float:
    """One direction for one pair of maps: cells x (K, D) at cx (K, 2) against cells y at cy."""
    parts = []
    for points_x, points_y in ((cx, cy), (x, y)):
        pairs = []
        for k in range(len(x)):
            distances = [np.linalg.norm(points_x[k] - points_y[m]) for m in range(len(y))]
            best = int(np.argmin(distances))
            pairs.append((distances[best], cosine(x[k], y[best])))
        kept = sorted(pairs)[:top]
        parts.append(sum(c for _, c in kept) / len(kept))
    return sum(parts) / (2 if combination == "mean" else 1)


@pytest.mark.parametrize("combination", ["mean", "sum"])
@pytest.mark.parametrize("top", [1, 3, 20])
def test_local_similarity_equals_loops(combination, top):
    generator = torch.Generator().manual_seed(top)
    y_s, y_t = torch.randn(2, 2, 3, 6, 5, generator=generator, dtype=torch.float64)  # (G, N, K, D)
    c_s, c_t = torch.rand(2, 2, 3, 6, 2, generator=generator, dtype=torch.float64)
    result = local_similarity(y_s, y_t, c_s, c_t, top, combination)
    for g in range(2):
        for i in range(3):
            for a in range(3):
                s, t = (y_s[g, i].numpy(), c_s[g, i].numpy()), (y_t[g, a].numpy(), c_t[g, a].numpy())
                expected = loop_local(s[0], t[0], s[1], t[1], top, combination)
                expected += loop_local(t[0], s[0], t[1], s[1], top, combination)
                assert result[g, i, a].item() == pytest.approx(expected, abs=1e-6)


def test_local_similarity_of_identical_maps_is_two_and_differentiable():
    maps = torch.randn(1, 2, 4, 3, requires_grad=True)
    centres = torch.rand(1, 2, 4, 2)
    result = local_similarity(maps, maps.detach(), centres, centres, top=20)
    torch.testing.assert_close(result[0].diagonal(), torch.full((2,), 2.0))
    result[0, 0, 1].backward()
    assert maps.grad is not None
    assert maps.grad.abs().sum() > 0


def test_vertex_affinity_is_eq_3():
    z_s, z_t = torch.randn(2, 1, 4, 6, dtype=torch.float64)
    local = torch.randn(1, 4, 4, dtype=torch.float64)
    result = vertex_affinity(z_s, z_t, local, alpha=0.7)
    for i in range(4):
        for a in range(4):
            expected = 0.7 * cosine(z_s[0, i].numpy(), z_t[0, a].numpy()) + 0.3 * local[0, i, a].item()
            assert result[0, i, a].item() == pytest.approx(expected)


def test_edge_affinity_is_the_cosine_of_differences():
    z_s, z_t = torch.randn(2, 2, 5, 6, dtype=torch.float64)
    edges_s, edges_t = knn_graph(z_s, 2), knn_graph(z_t, 2)
    result = edge_affinity(z_s, z_t, edges_s, edges_t)
    assert result.shape == (2, 10, 10)
    for g in range(2):
        for e, (i, j) in enumerate(edges_s[g]):
            for f, (a, b) in enumerate(edges_t[g]):
                expected = cosine((z_s[g, i] - z_s[g, j]).numpy(), (z_t[g, a] - z_t[g, b]).numpy())
                assert result[g, e, f].item() == pytest.approx(expected)


def test_affinities_follow_a_renumbering_of_nodes():
    z_s, z_t = torch.randn(2, 1, 6, 8)
    order = torch.randperm(6)
    plain = vertex_affinity(z_s, z_t, None, 1.0)
    torch.testing.assert_close(vertex_affinity(z_s[:, order], z_t, None, 1.0), plain[:, order])
    edges_s, edges_t = knn_graph(z_s, 2), knn_graph(z_t, 2)
    number = torch.empty_like(order)
    number[order] = torch.arange(6)
    moved = edge_affinity(z_s[:, order], z_t, number[edges_s], edges_t)
    torch.testing.assert_close(moved, edge_affinity(z_s, z_t, edges_s, edges_t))


def test_coinciding_nodes_give_finite_gradients():
    z = torch.ones(1, 4, 3, requires_grad=True)
    edges = knn_graph(z, 2)
    edge_affinity(z, z, edges, edges).sum().backward()
    assert torch.isfinite(z.grad).all()
