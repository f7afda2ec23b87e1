"""SimCLR: two views of an image attract, all other images of the batch repel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from bench.core.method import LR_SCALING, LRScaling, Method, MethodConfig, Progress
from bench.core.settings import Choice, OptimizerName, Range, SearchSpace

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn


class SimCLRConfig(MethodConfig):
    """Published values: ImageNet, ResNet-50, batch 4096, 100 epochs; Section 2.3 unless another place is named."""

    optimizer: OptimizerName = Field("lars", description="Optimiser of the pretraining (LARS: Section 2.3).")
    lr: float = Field(0.3, gt=0, description="Peak learning rate at a batch of 256 (0.3 x batch / 256: Section 2.3).")
    lr_scaling: LRScaling = Field(
        "linear", description=f"{LR_SCALING} `sqrt` with lr=1.2 is the paper's 0.075 x sqrt(B) (Appendix B.1)."
    )
    weight_decay: float = Field(1e-6, ge=0, description="Weight decay (1e-6: Section 2.3).")
    warmup_fraction: float = Field(
        0.1, ge=0, lt=1, description="Share of all steps with linear warm-up (10 of 100 epochs: Section 2.3)."
    )
    gradient_clip: float | None = Field(
        None, gt=0, description="Maximum gradient norm; unset: no clipping (none in the paper)."
    )
    temperature: float = Field(0.1, gt=0, description="Temperature of the contrastive softmax (0.1: Table 5).")
    hidden_dim: int = Field(
        2048, ge=1, description="Hidden units of the projection head (2048, the width of ResNet-50: authors' code)."
    )
    projection_dim: int = Field(128, ge=1, description="Size of the projection (128: Section 2.3).")


class SimCLR(Method):
    """Chen et al. 2020, with lightly's NT-Xent loss and projection head."""

    name: ClassVar[str] = "simclr"
    version: ClassVar[int] = 2
    title: ClassVar[str] = "SimCLR"
    citation: ClassVar[str] = "Chen et al., A Simple Framework for Contrastive Learning, ICML 2020, arXiv 2002.05709"
    config_class: ClassVar[type[MethodConfig]] = SimCLRConfig
    quick: ClassVar[Mapping[str, Any]] = {"optimizer": "adam", "lr": 1e-3, "lr_scaling": "none", "hidden_dim": 512}
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.08, "jitter": (0.8, 0.8, 0.8, 0.2)}  # Appendix A
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.temperature": Range(0.05, 0.5, log=True),
        "method.weight_decay": Choice((0.0, 1e-6, 1e-4)),
    }
    config: SimCLRConfig

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """Two views (3, H, W) of an image, drawn alike (Appendix A)."""
        from bench.pretraining.augment import Augmentation, MultiView

        return MultiView(2 * [Augmentation.of(image_size, self.views)])

    def build(self, backbone: nn.Module) -> nn.Module:
        """Backbone and projection head."""
        from lightly.loss import NTXentLoss
        from lightly.models.modules import SimCLRProjectionHead
        from torch import nn

        size = int(backbone.embedding_dim)  # type: ignore[arg-type]
        head = SimCLRProjectionHead(size, self.config.hidden_dim, self.config.projection_dim)
        criterion = NTXentLoss(temperature=self.config.temperature)
        return nn.ModuleDict({"backbone": backbone, "head": head, "criterion": criterion})

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """NT-Xent over both views (Eq. 1)."""
        import torch
        from torch.nn.functional import normalize

        z0, z1 = (module["head"](module["backbone"](view).pooled) for view in views)  # (B, P) each
        loss = module["criterion"](z0, z1)
        with torch.no_grad():
            hit = (normalize(z0) @ normalize(z1).T).argmax(1)
            accuracy = (hit == torch.arange(len(hit), device=hit.device)).float().mean()
        return {"loss": loss, "matching_accuracy": accuracy}
