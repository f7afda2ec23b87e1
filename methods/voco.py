"""VoCo in 2D: random crops of a slice say by their likeness to base crops where they lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bench.core.method import Method, MethodConfig, Progress
from bench.core.settings import Choice, Range, SearchSpace
from methods.medical.config import VoCoConfig

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn


class VoCo(Method):
    """Wu et al. 2024 on images; the grid of their base crops lies in the plane as well. The student is evaluated."""

    name: ClassVar[str] = "voco"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "VoCo (2D)"
    citation: ClassVar[str] = "Wu et al., VoCo: Volume Contrastive Learning, CVPR 2024, arXiv 2402.17300"
    config_class: ClassVar[type[MethodConfig]] = VoCoConfig
    quick: ClassVar[Mapping[str, Any]] = {"lr": 1e-3, "grid": 2, "hidden_dim": 512, "projection_dim": 128}
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.momentum": Choice((0.9, 0.95, 0.99, 0.996)),
        "method.base_weight": Range(0.1, 10, log=True),
    }
    config: VoCoConfig

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """`grid` x `grid` base crops and `crops` random ones, each (3, H, W), and how far they overlap."""
        from methods.medical.position import PositionCrops

        return PositionCrops(image_size, self.config.grid, self.config.crops)

    def build(self, backbone: nn.Module) -> nn.Module:
        """Student and teacher, each encoder and head, equal at the start."""
        from methods.medical.position import student_and_teacher

        return student_and_teacher(backbone, self.config.hidden_dim, self.config.projection_dim)

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Predicted against true overlaps, and base crops that differ; see `methods.medical.position`."""
        from methods.medical.position import discrepancy_loss, embedded, position_losses, similarity

        (crops, bases), taught = embedded(module, views), embedded(module["teacher"], views)
        both = similarity(crops, taught[1].detach()) + similarity(taught[0].detach(), bases)
        near, far = position_losses(both / 2, views["overlaps"])
        parts = {"near_loss": near, "far_loss": far, "base_loss": self.config.base_weight * discrepancy_loss(bases)}
        return {"loss": near + far + parts["base_loss"], **parts}

    def after_step(self, module: Any, progress: Progress) -> None:
        """Teacher = m x teacher + (1 - m) x student."""
        from lightly.models.utils import update_momentum

        for part, taught in module["teacher"].items():
            update_momentum(module[part], taught, self.config.momentum)
