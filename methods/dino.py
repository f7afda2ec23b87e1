"""DINO: a student matches a sharpened, centred teacher across global and local crops."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from bench.core.method import Method, MethodConfig, Progress
from bench.core.settings import Choice, OptimizerName, Range, SearchSpace

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn


class DINOConfig(MethodConfig):
    """Published values (Section 3.2): AdamW, 0.0005 x batch / 256 at batch 1024, 10 of 100 epochs of warm-up.

    The published rise of the weight decay from 0.04 to 0.4 is not followed: it stays at its start.
    """

    optimizer: OptimizerName = Field("adamw", description="Optimiser of the pretraining.")
    lr: float = Field(2e-3, gt=0, description="Peak learning rate.")
    weight_decay: float = Field(0.04, ge=0, description="Weight decay.")
    warmup_fraction: float = Field(0.1, ge=0, lt=1, description="Share of all steps with linear warm-up.")
    momentum: float = Field(0.996, ge=0, le=1, description="Teacher momentum at the start; rises to 1 by a cosine.")
    output_dim: int = Field(65536, ge=2, description="Number of prototypes.")
    hidden_dim: int = Field(2048, ge=1, description="Hidden units of the projection head.")
    bottleneck_dim: int = Field(256, ge=1, description="Size before the prototypes.")
    teacher_temperature: float = Field(0.07, gt=0, description="Teacher temperature after its warm-up from 0.04.")
    teacher_warmup_epochs: int = Field(30, ge=0, description="Epochs of the teacher temperature's linear warm-up.")
    frozen_epochs: int = Field(1, ge=0, description="Epochs during which the prototypes stay fixed.")
    local_views: int = Field(6, ge=0, description="Number of local crops.")
    local_ratio: float = Field(96 / 224, gt=0, le=1, description="Side of a local crop relative to a global one.")


class DINO(Method):
    """Caron et al. 2021, with lightly's loss, head and teacher update. The teacher is what is evaluated."""

    name: ClassVar[str] = "dino"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "DINO"
    citation: ClassVar[str] = "Caron et al., Emerging Properties in Self-Supervised Vision Transformers, ICCV 2021"
    config_class: ClassVar[type[MethodConfig]] = DINOConfig
    quick: ClassVar[Mapping[str, Any]] = {
        "lr": 1e-3,
        "output_dim": 1024,
        "hidden_dim": 512,
        "teacher_temperature": 0.04,
        "momentum": 0.95,
        "local_views": 2,
        "local_ratio": 0.5,
    }
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.momentum": Choice((0.9, 0.95, 0.99, 0.996)),
        "method.teacher_temperature": Range(0.04, 0.07),
    }
    config: DINOConfig

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """Two global views (3, H, W) and `local_views` local ones (3, h, w)."""
        from PIL.Image import Resampling

        from bench.pretraining.augment import Augmentation, MultiView

        first = Augmentation(
            image_size,
            scale=(0.4, 1.0),
            jitter=(0.4, 0.4, 0.2, 0.1),
            blur_probability=1.0,
            resample=Resampling.BICUBIC,
        )
        second = replace(first, blur_probability=0.1, solarise_probability=0.2)
        side = max(round(image_size * self.config.local_ratio), 1)
        local = replace(first, size=side, scale=(0.05, 0.4), blur_probability=0.5)
        return MultiView([first, second, *self.config.local_views * [local]])

    def _head(self, size: int) -> nn.Module:
        from lightly.models.modules import DINOProjectionHead

        c = self.config
        with warnings.catch_warnings():  # lightly still uses torch's older weight_norm
            warnings.simplefilter("ignore", FutureWarning)
            return DINOProjectionHead(
                size, c.hidden_dim, c.bottleneck_dim, c.output_dim, batch_norm=True, freeze_last_layer=c.frozen_epochs
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
