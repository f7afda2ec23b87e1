"""SwAV: each crop of an image predicts the prototypes that another crop of it was assigned to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from bench.core.method import MethodConfig, Progress
from bench.core.settings import Range, SearchSpace
from methods.prototypes import PrototypeConfig, PrototypeMethod


class SwAVConfig(PrototypeConfig):
    """Published values for 100 epochs (`swav_100ep_pretrain.sh`); the queue of `swav_200ep_bs256_pretrain.sh`."""

    epsilon: float = Field(0.05, gt=0, description="Smoothness of the assignment (0.05).")
    iterations: int = Field(3, ge=1, description="Iterations of Sinkhorn's algorithm (3).")
    queue_length: int = Field(
        3840, ge=0, description="Earlier projections in an assignment (3840; none at 4096 images)."
    )
    queue_epoch: int = Field(15, ge=0, description="Epochs before the queue is used (15).")
    frozen_epochs: int = Field(1, ge=0, description="Epochs during which the prototypes stay fixed (313 steps, 1).")
    local_views: int = Field(6, ge=0, description="Number of local crops (6).")


class SwAV(PrototypeMethod):
    """Caron et al. 2020, with lightly's loss, head, prototypes and queue."""

    name: ClassVar[str] = "swav"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "SwAV"
    citation: ClassVar[str] = "Caron et al., Unsupervised Learning by Contrasting Cluster Assignments, NeurIPS 2020"
    config_class: ClassVar[type[MethodConfig]] = SwAVConfig
    quick: ClassVar[Any] = {**PrototypeMethod.quick, "queue_length": 256, "queue_epoch": 1, "local_views": 2}
    published_views: ClassVar[Mapping[str, Any]] = {**PrototypeMethod.published_views, "crop_min": 0.14}
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.temperature": Range(0.05, 0.5, log=True),
        "method.epsilon": Range(0.02, 0.1, log=True),
    }

    def heads(self, backbone: Any, width: int) -> Any:
        """Also a queue for each global view."""
        from methods.queues import Queues

        queues = Queues(2, self.config.queue_length, self.config.projection_dim)
        return {**super().heads(backbone, width), "queues": queues}

    def compare(self, module: Any, embedded: Any, progress: Progress) -> Any:
        """Swapped prediction (Eq. 2) of assignments by Sinkhorn's algorithm (Eq. 3 to 5), the queue among them."""
        from lightly.loss import SwaVLoss

        scores = [module["prototypes"](z)[0] for z in embedded]
        earlier = module["queues"](embedded[:2], progress.step)
        used = earlier if progress.epoch >= self.config.queue_epoch else []
        queued = [module["prototypes"](z)[0] for z in used] or None
        criterion = SwaVLoss(self.config.temperature, self.config.iterations, self.config.epsilon)
        return criterion(scores[:2], scores[2:], queued).squeeze()

    def before_step(self, module: Any, progress: Progress) -> None:
        """Keep the prototypes fixed during the first epochs."""
        if progress.epoch < self.config.frozen_epochs:
            module["prototypes"].zero_grad(set_to_none=True)
