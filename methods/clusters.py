"""Spherical k-means, and a memory of every image's embeddings and clusters (DeepCluster-v2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

UNKNOWN = -100
"""Cluster of an image that was not embedded yet; PyTorch's cross-entropy leaves it out."""


class Memory(nn.Module):
    """Embeddings of unit length, `banks` of them for each image, and clusters of each image in several sets.

    Both are buffers: a pretraining that is continued has them.
    """

    embeddings: Tensor
    clusters: Tensor

    def __init__(self, banks: int, sets: int, images: int, width: int) -> None:
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(banks, images, width))
        self.register_buffer("clusters", torch.full((sets, images), UNKNOWN))

    def remember(self, items: Sequence[int], embeddings: Sequence[Tensor]) -> None:
        """Replace embeddings, (B, P) for each bank, of images by their numbers."""
        self.embeddings[:, list(items)] = torch.stack(list(embeddings)).detach().to(self.embeddings)

    @torch.no_grad()
    def fill(self, batches: Iterable[tuple[Sequence[int], Any]], embed: Callable[[Any], Sequence[Tensor]]) -> None:
        """Embed batches of numbers and views."""
        for items, views in batches:
            self.remember(items, embed(views))

    @torch.no_grad()
    def cluster(self, prototypes: Sequence[Tensor], iterations: int) -> None:
        """Cluster all images that are known, for each set of prototypes (K, P), which become the centroids.

        Sets take turns with the banks. Prototypes beyond the number of images stay as they are.
        """
        for number, weight in enumerate(prototypes):
            bank = self.embeddings[number % len(self.embeddings)]
            known = bank.any(dim=1)
            centroids, clusters = spherical_kmeans(bank[known], len(weight), iterations)
            weight[: len(centroids)] = centroids
            self.clusters[number] = UNKNOWN
            self.clusters[number, known] = clusters


def spherical_kmeans(points: Tensor, most: int, iterations: int) -> tuple[Tensor, Tensor]:
    """Centroids (K, P) of unit length and the nearest of them for each of the points (N, P) of unit length.

    K is `most`, or N where that is fewer. It starts from points drawn from torch's global generator. A centroid whose
    cluster is empty stays (authors' `main_deepclusterv2.py`, `cluster_memory`).
    """
    start = torch.randperm(len(points))[:most].to(points.device)
    centroids = points[start]
    for _ in range(iterations):
        nearest = (points @ centroids.T).argmax(dim=1)
        sums = torch.zeros_like(centroids).index_add_(0, nearest, points)
        filled = torch.bincount(nearest, minlength=len(centroids)) > 0
        centroids = torch.where(filled[:, None], normalize(sums), centroids)
    return centroids, (points @ centroids.T).argmax(dim=1)
