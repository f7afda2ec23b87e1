"""DINO: a student matches a sharpened, centred teacher across global and local crops."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from bench.core.method import LR_SCALING, LRScaling, Method, MethodConfig, Progress
from bench.core.settings import Choice, OptimizerName, Range, SearchSpace

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn


class DINOConfig(MethodConfig):
    """Published values for ResNet-50, 100 epochs: command of the authors' repository (facebookresearch/dino, README,
    "ResNet-50 and other convnets trainings"), and the defaults of its `main_dino.py`.

    Vision transformers have others there: AdamW, lr 5e-4, weight decay rising from 0.04 to 0.4, crops from 0.4.
    """

    optimizer: OptimizerName = Field("sgd", description="Optimiser of the pretraining (README).")
    lr: float = Field(0.03, gt=0, description="Peak learning rate at a batch of 256 (README).")
    lr_scaling: LRScaling = Field("linear", description=f"{LR_SCALING} (main_dino.py)")
    weight_decay: float = Field(1e-4, ge=0, description="Weight decay, constant (README).")
    warmup_fraction: float = Field(
        0.1, ge=0, lt=1, description="Share of all steps with linear warm-up (10 of 100 epochs: main_dino.py)."
    )
    gradient_clip: float | None = Field(
        3.0, gt=0, description="Maximum gradient norm; unset: no clipping (3.0: main_dino.py, for each parameter)."
    )
    momentum: float = Field(
        0.996, ge=0, le=1, description="Teacher momentum at the start; rises to 1 by a cosine (main_dino.py)."
    )
    output_dim: int = Field(65536, ge=2, description="Number of prototypes (main_dino.py).")
    hidden_dim: int = Field(2048, ge=1, description="Hidden units of the projection head (repository).")
    bottleneck_dim: int = Field(256, ge=1, description="Size before the prototypes (repository).")
    head_norm: bool = Field(False, description="Batch norm in the projection head (off: main_dino.py).")
    teacher_temperature: float = Field(
        0.04, gt=0, description="Teacher temperature after its warm-up from 0.04 (0.04: main_dino.py)."
    )
    teacher_warmup_epochs: int = Field(
        0, ge=0, description="Epochs of the teacher temperature's linear warm-up (0: main_dino.py)."
    )
    frozen_epochs: int = Field(1, ge=0, description="Epochs during which the prototypes stay fixed (main_dino.py).")
    local_views: int = Field(8, ge=0, description="Number of local crops (8: main_dino.py).")
    local_ratio: float = Field(
        96 / 224, gt=0, le=1, description="Side of a local crop relative to a global one (repository)."
    )


class DINO(Method):
    """Caron et al. 2021, with lightly's loss, head and teacher update. The teacher is what is evaluated."""

    name: ClassVar[str] = "dino"
    version: ClassVar[int] = 2
    title: ClassVar[str] = "DINO"
    citation: ClassVar[str] = "Caron et al., Emerging Properties in Self-Supervised Vision Transformers, ICCV 2021"
    config_class: ClassVar[type[MethodConfig]] = DINOConfig
    quick: ClassVar[Mapping[str, Any]] = {
        "lr": 0.24,
        "output_dim": 1024,
        "hidden_dim": 512,
        "head_norm": True,
        "momentum": 0.99,
        "local_views": 2,
        "local_ratio": 0.5,
    }
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.14}  # README, ResNet-50
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.momentum": Choice((0.9, 0.95, 0.99, 0.996)),
        "method.teacher_temperature": Range(0.04, 0.07),
    }
    config: DINOConfig

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """Two global views (3, H, W) and `local_views` local ones (3, h, w).

        Multi-crop is the method's definition: local crops cover 0.05 of the image up to the least global one. So are
        blur chances of 1.0, 0.1 and 0.5, which `pretrain.blur` of 0.5 gives; sigma is as many pixels in local crops.
        """
        from PIL.Image import Resampling

        from bench.pretraining.augment import MultiView
        from methods.views import asymmetric, local

        first, second = asymmetric(image_size, self.views, resample=Resampling.BICUBIC)
        return MultiView(
            [first, second, *self.config.local_views * [local(first, self.views, self.config.local_ratio)]]
        )

    def _head(self, size: int) -> nn.Module:
        from lightly.models.modules import DINOProjectionHead

        c = self.config
        with warnings.catch_warnings():  # lightly still uses torch's older weight_norm
            warnings.simplefilter("ignore", FutureWarning)
            return DINOProjectionHead(
                size,
                c.hidden_dim,
                c.bottleneck_dim,
                c.output_dim,
                batch_norm=c.head_norm,
                freeze_last_layer=c.frozen_epochs,
            )

    def build(self, backbone: nn.Module) -> nn.Module:
        """Student and teacher, each backbone and head, equal at the start; the loss holds the centre."""
        from lightly.loss import DINOLoss
        from lightly.models.utils import deactivate_requires_grad
        from torch import nn

        c = self.config
        size = int(backbone.embedding_dim)  # type: ignore[arg-type]
        head, teacher_head = self._head(size), self._head(size)
        teacher_head.load_state_dict(head.state_dict(), strict=True)
        teacher = nn.ModuleDict({"backbone": deepcopy(backbone), "head": teacher_head})
        deactivate_requires_grad(teacher)
        warmup = c.teacher_warmup_epochs
        criterion = DINOLoss(c.output_dim, teacher_temp=c.teacher_temperature, warmup_teacher_temp_epochs=warmup)
        return nn.ModuleDict({"backbone": backbone, "head": head, "teacher": teacher, "criterion": criterion})

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Cross-entropy of student against teacher over all pairs of different views (Eq. 3)."""
        import torch

        student = [module["head"](module["backbone"](v).pooled) for v in views]
        with torch.no_grad():
            teacher = [module["teacher"]["head"](module["teacher"]["backbone"](v).pooled) for v in views[:2]]
        return {"loss": module["criterion"](teacher, student, epoch=progress.epoch)}

    def before_step(self, module: Any, progress: Progress) -> None:
        """Keep the prototypes fixed during the first epochs."""
        module["head"].cancel_last_layer_gradients(progress.epoch)

    def after_step(self, module: Any, progress: Progress) -> None:
        """Teacher = m x teacher + (1 - m) x student; m rises from `momentum` to 1."""
        from lightly.models.utils import update_momentum
        from lightly.utils.scheduler import cosine_schedule

        m = cosine_schedule(progress.step, progress.total_steps, self.config.momentum, 1.0)
        update_momentum(module["backbone"], module["teacher"]["backbone"], m)
        update_momentum(module["head"], module["teacher"]["head"], m)

    def encoder(self, module: Any) -> nn.Module:
        """The teacher's backbone, as in the publication."""
        backbone: nn.Module = module["teacher"]["backbone"]
        return backbone
