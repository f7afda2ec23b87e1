"""BYOL: an online network predicts a slowly moving teacher's projection of another view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from bench.core.method import LR_SCALING, LRScaling, Method, MethodConfig, Progress
from bench.core.settings import Choice, OptimizerName, Range, SearchSpace

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn


class BYOLConfig(MethodConfig):
    """Published values for 100 epochs: ImageNet, ResNet-50, batch 4096.

    Section 3.3, but where 100 epochs have other values than 1000, those of the authors' repository
    (`byol/configs/byol.py` of google-deepmind/deepmind-research).
    """

    optimizer: OptimizerName = Field("lars", description="Optimiser of the pretraining (LARS: Section 3.3).")
    lr: float = Field(
        0.45, gt=0, description="Peak learning rate at a batch of 256 (repository; 0.2 for 1000 epochs: Section 3.3)."
    )
    lr_scaling: LRScaling = Field("linear", description=f"{LR_SCALING} (Section 3.3)")
    weight_decay: float = Field(1e-6, ge=0, description="Weight decay (repository; 1.5e-6 for 1000 epochs).")
    warmup_fraction: float = Field(
        0.1, ge=0, lt=1, description="Share of all steps with linear warm-up (10 epochs: Section 3.3)."
    )
    gradient_clip: float | None = Field(
        None, gt=0, description="Maximum gradient norm; unset: no clipping (none in the paper)."
    )
    momentum: float = Field(
        0.99,
        ge=0,
        le=1,
        description="Teacher momentum at the start; rises to 1 by a cosine (repository; 0.996 for 1000 epochs).",
    )
    hidden_dim: int = Field(4096, ge=1, description="Hidden units of both heads (4096: Section 3.3).")
    projection_dim: int = Field(256, ge=1, description="Size of the projection (256: Section 3.3).")


class BYOL(Method):
    """Grill et al. 2020, with lightly's loss, heads and teacher update."""

    name: ClassVar[str] = "byol"
    version: ClassVar[int] = 2
    title: ClassVar[str] = "BYOL"
    citation: ClassVar[str] = "Grill et al., Bootstrap Your Own Latent, NeurIPS 2020, arXiv 2006.07733"
    config_class: ClassVar[type[MethodConfig]] = BYOLConfig
    quick: ClassVar[Mapping[str, Any]] = {"optimizer": "sgd", "lr": 0.24, "hidden_dim": 512}
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.08}  # Appendix B, Table 6
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.momentum": Choice((0.9, 0.95, 0.99, 0.996)),
        "method.weight_decay": Choice((0.0, 1e-6, 1e-4)),
    }
    config: BYOLConfig

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """Two views (3, H, W), asymmetric by definition: blur 1.0 and 0.1, solarisation 0 and 0.2 (Table 6).

        `pretrain.blur` of 0.5 gives the published chances, another value scales both.
        """
        from bench.pretraining.augment import MultiView
        from methods.views import asymmetric

        return MultiView(asymmetric(image_size, self.views))

    def build(self, backbone: nn.Module) -> nn.Module:
        """Online backbone, projector and predictor; teacher copies of the first two."""
        from lightly.models.modules import BYOLPredictionHead, BYOLProjectionHead
        from lightly.models.utils import deactivate_requires_grad
        from torch import nn

        size = int(backbone.embedding_dim)  # type: ignore[arg-type]
        hidden, out = self.config.hidden_dim, self.config.projection_dim
        projector = BYOLProjectionHead(size, hidden, out)
        teacher = nn.ModuleDict({"backbone": deepcopy(backbone), "projector": deepcopy(projector)})
        deactivate_requires_grad(teacher)
        return nn.ModuleDict(
            {
                "backbone": backbone,
                "projector": projector,
                "predictor": BYOLPredictionHead(out, hidden, out),
                "teacher": teacher,
            }
        )

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Negative cosine between prediction and teacher projection, symmetrised (Eq. 2, up to scale and offset)."""
        import torch
        from lightly.loss import NegativeCosineSimilarity

        teacher = module["teacher"]
        predictions = [module["predictor"](module["projector"](module["backbone"](v).pooled)) for v in views]
        with torch.no_grad():
            targets = [teacher["projector"](teacher["backbone"](v).pooled) for v in views]  # (B, P) each
        criterion = NegativeCosineSimilarity()
        return {"loss": 0.5 * (criterion(predictions[0], targets[1]) + criterion(predictions[1], targets[0]))}

    def after_step(self, module: Any, progress: Progress) -> None:
        """Teacher = m x teacher + (1 - m) x online; m rises from `momentum` to 1."""
        from lightly.models.utils import update_momentum
        from lightly.utils.scheduler import cosine_schedule

        m = cosine_schedule(progress.step, progress.total_steps, self.config.momentum, 1.0)
        update_momentum(module["backbone"], module["teacher"]["backbone"], m)
        update_momentum(module["projector"], module["teacher"]["projector"], m)
