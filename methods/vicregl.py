"""VICRegL: VICReg of whole images, and of the cells of their feature maps that match in place or in content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from bench.core.method import MethodConfig, Progress
from bench.core.settings import Choice, Range, SearchSpace
from methods.joint_embedding import QUICK, LargeBatchConfig
from methods.located_embedding import LocatedEmbedding


class VICRegLConfig(LargeBatchConfig):
    """Published values for 100 epochs: ImageNet, ResNet-50, batch 512, two crops (authors' README and code)."""

    lr: float = Field(0.3, gt=0, description="Peak learning rate at a batch of 256 (README).")
    alpha: float = Field(0.75, ge=0, le=1, description="Weight of the global loss, 1 - alpha of the local (README).")
    matches: tuple[int, int] = Field((20, 4), description="Best matches kept, of the first and the second view (code).")
    projection_dim: int = Field(8192, ge=2, description="Width of the expander's three layers (8192: code).")
    local_dim: int = Field(512, ge=2, description="Width of the local expander's three layers (512: code).")


class VICRegL(LocatedEmbedding):
    """Bardes et al. 2022, with lightly's loss and heads; views are BYOL's (authors' code), located as LVM-Med's."""

    name: ClassVar[str] = "vicregl"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "VICRegL"
    citation: ClassVar[str] = "Bardes et al., VICRegL, NeurIPS 2022, arXiv 2210.01571"
    config_class: ClassVar[type[MethodConfig]] = VICRegLConfig
    quick: ClassVar[Mapping[str, Any]] = {**QUICK, "local_dim": 128}
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.08}  # README
    views_differ: ClassVar[bool] = True
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.alpha": Range(0.5, 0.95),
        "method.weight_decay": Choice((0.0, 1e-6, 1e-4)),
    }

    def heads(self, backbone: Any, width: int) -> Any:
        """The expanders of embeddings and of the last feature map's cells."""
        from lightly.models.modules.heads import VICRegProjectionHead as Head

        sizes = {"head": (width, self.config.projection_dim), "cells": (backbone.channels[-1], self.config.local_dim)}
        return {name: Head(size, out, out) for name, (size, out) in sizes.items()}

    def compare(self, module: Any, embedded: Any, progress: Progress) -> Any:
        """Weighted sum of the global and the local loss (Eq. 5)."""
        from lightly.loss import VICRegLLoss

        criterion = VICRegLLoss(alpha=self.config.alpha, num_matches=self.config.matches)
        return criterion([view[:2] for view in embedded], [view[2] for view in embedded]).squeeze()
