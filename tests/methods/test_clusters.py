"""Spherical k-means against plain loops, and the memory of every image."""

import pytest
import torch
from torch.nn.functional import normalize

from bench.engine.seeding import seeded
from methods.clusters import UNKNOWN, Memory, spherical_kmeans


def points(number, seed=0):
    with seeded(seed):
        return normalize(torch.randn(number, 3), dim=1)


def plain(data, start, iterations):
    centroids = [data[i] for i in start]

    def nearest(x):
        return max(range(len(centroids)), key=lambda k: float(x @ centroids[k]))

    for _ in range(iterations):
        groups = [[] for _ in centroids]
        for x in data:
            groups[nearest(x)].append(x)
        centroids = [normalize(sum(g), dim=0) if g else c for g, c in zip(groups, centroids, strict=True)]
    return torch.stack(centroids), [nearest(x) for x in data]


@pytest.mark.parametrize("iterations", [0, 1, 10])
def test_kmeans_is_that_of_plain_loops(iterations):
    data = points(40)
    with seeded(1):
        start = torch.randperm(40)[:6].tolist()
    with seeded(1):
        centroids, clusters = spherical_kmeans(data, 6, iterations)
    expected, assigned = plain(data, start, iterations)
    torch.testing.assert_close(centroids, expected)
    assert clusters.tolist() == assigned


def test_clear_clusters_are_found():
    data = normalize(torch.eye(3).repeat_interleave(10, 0) + 0.05 * points(30), dim=1)
    with seeded(4):
        _, clusters = spherical_kmeans(data, 3, 10)
    groups = [set(clusters[i : i + 10].tolist()) for i in (0, 10, 20)]
    assert all(len(g) == 1 for g in groups)
    assert len(set.union(*groups)) == 3


def test_fewer_points_than_prototypes_are_clusters_of_one():
    centroids, clusters = spherical_kmeans(points(4), 9, 10)
    assert centroids.shape == (4, 3)
    assert sorted(clusters.tolist()) == [0, 1, 2, 3]


def test_a_memory_keeps_the_last_embeddings_and_leaves_out_what_it_never_saw():
    memory = Memory(banks=2, sets=3, images=6, width=3)
    first, second = points(3), points(3, seed=1)
    memory.remember([4, 0, 2], [first, second])
    memory.remember([0], [second[:1], first[:1]])
    assert torch.equal(memory.embeddings[0, [4, 0, 2]], torch.stack([first[0], second[0], first[2]]))
    prototypes = [normalize(torch.ones(5, 3), dim=1) for _ in range(3)]
    memory.cluster(prototypes, 2)
    assert (memory.clusters[:, [1, 3, 5]] == UNKNOWN).all()
    assert all(sorted(row[[0, 2, 4]].tolist()) == [0, 1, 2] for row in memory.clusters)
    for number, weight in enumerate(prototypes):
        bank = memory.embeddings[number % 2]
        torch.testing.assert_close(weight[memory.clusters[number, [0, 2, 4]]], bank[[0, 2, 4]])
        torch.testing.assert_close(weight[3:], normalize(torch.ones(2, 3), dim=1))
    assert set(memory.state_dict()) == {"embeddings", "clusters"}
