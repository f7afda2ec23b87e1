"""DeepCluster-v2: views of an image predict its cluster, from k-means over the last epoch's embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from bench.core.method import MethodConfig, Progress
from bench.core.settings import Choice, Range, SearchSpace
from methods.prototypes import PrototypeConfig, PrototypeMethod


class DeepClusterV2Config(PrototypeConfig):
    """Published values for 400 epochs: `scripts/deepclusterv2_400ep_2x224_pretrain.sh`."""

    iterations: int = Field(10, ge=1, description="Iterations of k-means (10: `main_deepclusterv2.py`).")


class DeepClusterV2(PrototypeMethod):
    """Caron et al. 2020 (the paper of SwAV, Section 5.1), with lightly's head and prototypes."""

    name: ClassVar[str] = "deepcluster_v2"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "DeepCluster-v2"
    citation: ClassVar[str] = "Caron et al., Unsupervised Learning by Contrasting Cluster Assignments, NeurIPS 2020"
    config_class: ClassVar[type[MethodConfig]] = DeepClusterV2Config
    published_views: ClassVar[Mapping[str, Any]] = {**PrototypeMethod.published_views, "crop_min": 0.08}
    sets: ClassVar[int] = 3  # --nmb_prototypes 3000 3000 3000
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.temperature": Range(0.05, 0.5, log=True),
        "method.weight_decay": Choice((0.0, 1e-6, 1e-4)),
    }

    def heads(self, backbone: Any, width: int) -> Any:
        """Also a memory of both views of every image, in the module's state; prototypes are never trained."""
        from methods.clusters import Memory

        heads = super().heads(backbone, width)
        heads["prototypes"].requires_grad_(False)
        return {**heads, "memory": Memory(2, self.sets, self.corpus_size, self.config.projection_dim)}

    def before_epoch(self, module: Any, progress: Progress, batches: Iterable[tuple[Sequence[int], Any]]) -> None:
        """Cluster the embeddings of the last epoch; before the first, embed all images."""
        if progress.step == 0:
            module["memory"].fill(batches, lambda views: self.embed(module, views[:2]))
        module["memory"].cluster([one.weight for one in module["prototypes"].heads], self.config.iterations)

    def compare(self, module: Any, embedded: Any, progress: Progress) -> Any:
        """Cross-entropy of all views with the image's cluster, mean over the sets; embeddings are remembered."""
        import torch
        from torch.nn.functional import cross_entropy

        memory, items = module["memory"], list(progress.items)
        if embedded[0].requires_grad:
            memory.remember(items, embedded[:2])
        scores = [score / self.config.temperature for score in module["prototypes"](torch.cat(embedded))]
        targets = memory.clusters[:, items].repeat(1, len(embedded))
        return sum(cross_entropy(s, t) for s, t in zip(scores, targets, strict=True)) / self.sets
