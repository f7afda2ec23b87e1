"""Variants of LVM-Med's pretext task that the paper does not have, as a plugin: does one of them train better?

Run, with the other settings of docs/ablation.md:

    bench run --plugin perf/lvmmed_variants.py --method lvmmed_noise_falls,lvmmed_lambda_rises,lvmmed_edge_loss,\\
lvmmed_hard_graphs --task brain_tumor_linear --protocol linear --protocol knn

Their settings, and those of `quick`, are LVM-Med's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from bench.core.kind import Features
from bench.core.method import Progress
from methods.lvmmed import LVMMed
from methods.lvmmed.imle import Matcher, hamming_distance, match
from methods.lvmmed.module import LVMMedModule, matching_quality

LOWEST_NOISE = 0.1
SMALLEST_LAMBDA = 1.0
CITATION = "A variant of Nguyen et al. 2023 for measurements here; not published."


class _Variant(LVMMed):
    name: ClassVar[str]
    citation: ClassVar[str] = CITATION
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {}


class _Scheduled(_Variant):
    """Knows how far the training is when it makes its matcher."""

    fraction = 0.0

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> dict[str, Tensor]:
        """See `LVMMed.loss`."""
        self.fraction = progress.fraction
        return super().loss(module, views, progress)


class NoiseFalls(_Scheduled):
    """Gumbel noise of a scale that falls in a straight line from the paper's, 1, to a tenth of it, that of `quick`."""

    name = "lvmmed_noise_falls"
    title = "LVM-Med, falling noise"
    quick: ClassVar[Mapping[str, Any]] = {**LVMMed.quick, "gumbel_scale": 1.0}

    def _matcher(self) -> Matcher:
        scale = self.config.gumbel_scale * (1 - (1 - LOWEST_NOISE) * self.fraction)
        return Matcher(**{**vars(super()._matcher()), "gumbel_scale": scale})


class LambdaRises(_Scheduled):
    """Lambda rises geometrically from 1, where only matches that are nearly even move, to the setting's value."""

    name = "lvmmed_lambda_rises"
    title = "LVM-Med, rising lambda"

    def _matcher(self) -> Matcher:
        lambda_ = SMALLEST_LAMBDA * (self.config.lambda_ / SMALLEST_LAMBDA) ** self.fraction
        return Matcher(**{**vars(super()._matcher()), "lambda_": lambda_})


class EdgeLoss(_Variant):
    """Hamming distance of matched edge pairs beside that of vertices; equal weight for each edge and vertex."""

    name = "lvmmed_edge_loss"
    title = "LVM-Med, loss on edges too"

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> dict[str, Tensor]:
        """See `LVMMed.loss`; `loss` adds the mean Hamming distance of edges, times nodes / edges."""
        module = cast(LVMMedModule, module)
        self._check_batch(len(views["images"][0]))
        encoded = [module.backbone(images) for images in views["images"]]
        with torch.autocast(views["images"][0].device.type, enabled=False):
            c_v, c_e, edges_s, edges_t = self.affinities(module, encoded, views["boxes"])
            v = match(c_v, c_e, edges_s, edges_t, self._matcher())  # (G, N, N)
            v_true = torch.eye(v.shape[1], device=v.device).expand_as(v)
            vertices = hamming_distance(v, v_true).mean()
            pairs, true_pairs = (edge_pairs(m, edges_s, edges_t) for m in (v, v_true))
            edges = (pairs * (1 - true_pairs) + true_pairs * (1 - pairs)).sum((1, 2)).mean()
            loss = vertices + edges * v.shape[1] / edges_s.shape[1]
        return {"loss": loss, "hamming": vertices.detach(), **matching_quality(c_v.detach(), v.detach())}


class HardGraphs(_Variant):
    """Graphs of look-alikes: the batch is ordered along its first principal component before it is cut."""

    name = "lvmmed_hard_graphs"
    title = "LVM-Med, graphs of similar images"

    def affinities(
        self, module: LVMMedModule, encoded: list[Features], boxes: list[Tensor]
    ) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        """See `LVMMed.affinities`; images are reordered, alike in both views."""
        with torch.no_grad():
            z = encoded[0].pooled.float()
            order = torch.pca_lowrank(z, q=2)[0][:, 0].argsort()
        chosen = [Features([m[order] for m in f.maps], f.pooled[order]) for f in encoded]
        return super().affinities(module, chosen, [box[order] for box in boxes])


def edge_pairs(v: Tensor, edges_s: Tensor, edges_t: Tensor) -> Tensor:
    """1 where edge (i, j) of s is matched to edge (a, b) of t: (G, N, N), (G, E, 2), (G, E, 2) -> (G, E, E)."""
    graphs = torch.arange(len(v), device=v.device)[:, None, None]
    tails = v[graphs, edges_s[:, :, None, 0], edges_t[:, None, :, 0]]
    heads = v[graphs, edges_s[:, :, None, 1], edges_t[:, None, :, 1]]
    return tails * heads
