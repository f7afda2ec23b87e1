"""MoCo-v2: a view finds the other view of its image among a queue of views of earlier images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from bench.core.method import LR_SCALING, LRScaling, MethodConfig, Progress
from bench.core.settings import Choice, OptimizerName, Range, SearchSpace
from methods.momentum import MomentumTeacher


class MoCoV2Config(MethodConfig):
    """Published values: ImageNet, ResNet-50, batch 256, 200 epochs; MoCo v2, and v1 (arXiv 1911.05722)."""

    optimizer: OptimizerName = Field("sgd", description="Optimiser of the pretraining (v1, Section 3.3).")
    lr: float = Field(0.03, gt=0, description="Peak learning rate at a batch of 256 (0.03: v1, Section 3.3).")
    lr_scaling: LRScaling = Field("linear", description=f"{LR_SCALING} (0.12 at 1024: v1, Section 3.3)")
    weight_decay: float = Field(1e-4, ge=0, description="Weight decay (1e-4: v1, Section 3.3).")
    temperature: float = Field(0.2, gt=0, description="Temperature of the contrastive softmax (0.2: v2, Section 3).")
    momentum: float = Field(0.999, ge=0, le=1, description="Momentum of the teacher (0.999: v1, Section 3.3).")
    queue_length: int = Field(65536, ge=1, description="Keys in the queue (65536: v1, Section 4.1).")
    hidden_dim: int = Field(2048, ge=1, description="Hidden units of the projection head (2048: v2, Section 3).")
    projection_dim: int = Field(128, ge=1, description="Size of the projection (128: v1, Section 3.3).")
    groups: int = Field(
        8, ge=1, description="Parts of a batch with batch norms of their own (8 GPUs: v1, Section 3.3)."
    )


class MoCoV2(MomentumTeacher):
    """Chen et al. 2020, with lightly's loss, head, queue, shuffling and teacher update."""

    name: ClassVar[str] = "moco_v2"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "MoCo-v2"
    citation: ClassVar[str] = "Chen et al., Improved Baselines with Momentum Contrastive Learning, arXiv 2003.04297"
    config_class: ClassVar[type[MethodConfig]] = MoCoV2Config
    quick: ClassVar[Any] = {"lr": 0.24, "momentum": 0.99, "queue_length": 512, "hidden_dim": 512, "groups": 2}
    published_views: ClassVar[Mapping[str, Any]] = {"jitter": (0.4, 0.4, 0.4, 0.1)}  # authors' code, --aug-plus
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.temperature": Range(0.05, 0.5, log=True),
        "method.momentum": Choice((0.9, 0.95, 0.99, 0.999)),
    }

    def heads(self, backbone: Any, width: int) -> Any:
        """Projection head, teacher, and the loss, which holds the queue."""
        from lightly.loss import NTXentLoss
        from lightly.models.modules import MoCoProjectionHead

        from methods.queues import keep

        c = self.config
        head = MoCoProjectionHead(width, c.hidden_dim, c.projection_dim)
        criterion = NTXentLoss(c.temperature, memory_bank_size=(c.queue_length, c.projection_dim))
        keep(criterion.memory_bank)
        return {"head": head, "teacher": self.teacher(backbone, head), "criterion": criterion}

    def compare(self, module: Any, embedded: Any, progress: Progress) -> Any:
        """InfoNCE with the queue's keys as negatives (v1, Eq. 1)."""
        return module["criterion"](*embedded)
