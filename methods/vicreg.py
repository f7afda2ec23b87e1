"""VICReg: two views agree, while each component of their embeddings varies and none repeats another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from bench.core.method import MethodConfig, Progress
from bench.core.settings import Choice, Range, SearchSpace
from methods.joint_embedding import QUICK, JointEmbedding, LargeBatchConfig


class VICRegConfig(LargeBatchConfig):
    """Published values for 100 epochs: ImageNet, ResNet-50, batch 512 (authors' README), and Section 4.2."""

    lr: float = Field(0.3, gt=0, description="Peak learning rate at a batch of 256 (README; 0.2 for 1000 epochs).")
    invariance: float = Field(25.0, ge=0, description="Weight of the distance of the views, lambda (25: Section 4.2).")
    variance: float = Field(25.0, ge=0, description="Weight of the variance term, mu (25: Section 4.2).")
    covariance: float = Field(1.0, ge=0, description="Weight of the covariance term, nu (1: Section 4.2).")
    projection_dim: int = Field(8192, ge=2, description="Width of the expander's three layers (8192: Section 4.2).")


class VICReg(JointEmbedding):
    """Bardes et al. 2022, with lightly's loss and projection head."""

    name: ClassVar[str] = "vicreg"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "VICReg"
    citation: ClassVar[str] = "Bardes et al., VICReg, ICLR 2022, arXiv 2105.04906"
    config_class: ClassVar[type[MethodConfig]] = VICRegConfig
    quick: ClassVar[Mapping[str, Any]] = QUICK
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.08}  # Appendix C.1
    view_changes: ClassVar[Mapping[str, Any]] = {"solarise_probability": 0.1}  # Appendix C.1
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.covariance": Range(0.1, 10, log=True),
        "method.weight_decay": Choice((0.0, 1e-6, 1e-4)),
    }

    def heads(self, backbone: Any, width: int) -> Any:
        """The expander."""
        from lightly.models.modules.heads import VICRegProjectionHead

        return {"head": VICRegProjectionHead(width, self.config.projection_dim, self.config.projection_dim)}

    def compare(self, module: Any, embedded: Any, progress: Progress) -> Any:
        """Invariance, variance and covariance (Eq. 6, scaled as in the authors' code)."""
        from lightly.loss import VICRegLoss

        return VICRegLoss(self.config.invariance, self.config.variance, self.config.covariance)(*embedded)
