"""What methods share that have a teacher beside backbone and head: a copy that follows them slowly."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from bench.core.method import Progress
from methods.joint_embedding import JointEmbedding

if TYPE_CHECKING:
    from torch import Tensor, nn


class MomentumTeacher(JointEmbedding):
    """Queries of the first view and the teacher's keys of the second; `config` has `momentum` and `groups`.

    A batch is encoded in groups, whose batch norms see no other, as on several GPUs; the teacher's are drawn at random.
    Otherwise the statistics that a query and its key have in common would tell which key it is (MoCo v1, Section 3.3).
    """

    def teacher(self, backbone: nn.Module, head: nn.Module) -> nn.Module:
        """A copy of both, without gradient."""
        from lightly.models.utils import deactivate_requires_grad
        from torch import nn

        teacher = nn.ModuleDict({"backbone": deepcopy(backbone), "head": deepcopy(head)})
        deactivate_requires_grad(teacher)
        return teacher

    def embed(self, module: Any, views: Any) -> Any:
        """Queries and keys (B, P)."""
        from lightly.models.utils import batch_shuffle, batch_unshuffle

        shuffled, order = batch_shuffle(views[1])
        keys = batch_unshuffle(self._in_groups(module["teacher"], shuffled), order)
        return self._in_groups(module, views[0]), keys

    def _in_groups(self, module: Any, images: Tensor) -> Tensor:
        """Projections (B, P) of images that are encoded in parts of at least two."""
        import torch

        parts = images.tensor_split(max(min(self.config.groups, len(images) // 2), 1))
        return torch.cat([module["head"](module["backbone"](part).pooled) for part in parts]).float()

    def after_step(self, module: Any, progress: Progress) -> None:
        """Teacher = m x teacher + (1 - m) x student."""
        from lightly.models.utils import update_momentum

        for part in ("backbone", "head"):
            update_momentum(module[part], module["teacher"][part], self.config.momentum)
