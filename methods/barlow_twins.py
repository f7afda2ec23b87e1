"""Barlow Twins: each component of an embedding agrees over two views, and with no other component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from bench.core.method import MethodConfig, Progress
from bench.core.settings import Choice, Range, SearchSpace
from methods.joint_embedding import QUICK, JointEmbedding, LargeBatchConfig


class BarlowTwinsConfig(LargeBatchConfig):
    """Published values: ImageNet, ResNet-50, batch 2048; Section 2.2, Implementation Details."""

    lr: float = Field(0.2, gt=0, description="Peak learning rate of weights at a batch of 256 (0.2).")
    weight_decay: float = Field(1.5e-6, ge=0, description="Weight decay (1.5e-6).")
    loss_scale: float = Field(
        0.024, gt=0, description="Factor of the loss; under LARS biases and norms then learn at 0.2 x 0.024 = 0.0048."
    )
    lambda_: float = Field(5e-3, gt=0, description="Weight of the redundancy reduction (5e-3).")
    projection_dim: int = Field(8192, ge=2, description="Width of each of the projector's three layers (8192).")


class BarlowTwins(JointEmbedding):
    """Zbontar et al. 2021, with lightly's loss and projection head; views are BYOL's (Section 2.2)."""

    name: ClassVar[str] = "barlow_twins"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "Barlow Twins"
    citation: ClassVar[str] = "Zbontar et al., Barlow Twins, ICML 2021, arXiv 2103.03230"
    config_class: ClassVar[type[MethodConfig]] = BarlowTwinsConfig
    quick: ClassVar[Mapping[str, Any]] = QUICK
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.08}  # authors' code
    views_differ: ClassVar[bool] = True
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.lambda_": Range(1e-3, 5e-2, log=True),
        "method.weight_decay": Choice((0.0, 1.5e-6, 1e-4)),
    }

    def heads(self, backbone: Any, width: int) -> Any:
        """The projector."""
        from lightly.models.modules import BarlowTwinsProjectionHead

        return {"head": BarlowTwinsProjectionHead(width, self.config.projection_dim, self.config.projection_dim)}

    def compare(self, module: Any, embedded: Any, progress: Progress) -> Any:
        """Distance of the cross-correlation matrix from the identity (Eq. 1), scaled."""
        from lightly.loss import BarlowTwinsLoss

        return self.config.loss_scale * BarlowTwinsLoss(self.config.lambda_)(*embedded)
