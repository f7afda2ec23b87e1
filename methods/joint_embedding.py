"""What methods share that compare embeddings of several views: the projection head, and a loss in full precision."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from bench.core.method import LR_SCALING, LRScaling, Method, MethodConfig, Progress
from bench.core.settings import OptimizerName

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn

    from bench.pretraining.augment import Augmentation


class LargeBatchConfig(MethodConfig):
    """What the authors of Barlow Twins, VICReg, VICRegL, SwAV and DeepCluster-v2 share: training in large batches."""

    optimizer: OptimizerName = Field("lars", description="Optimiser of the pretraining (LARS).")
    lr_scaling: LRScaling = Field("linear", description=LR_SCALING)
    weight_decay: float = Field(1e-6, ge=0, description="Weight decay (1e-6: authors' code).")
    warmup_fraction: float = Field(
        0.1, ge=0, lt=1, description="Share of all steps with linear warm-up (10 epochs, of 100: authors' code)."
    )


QUICK: Mapping[str, Any] = {"optimizer": "adam", "lr": 1e-3, "lr_scaling": "none", "projection_dim": 512}
"""What `quick` changes of them: LARS barely moves in a few hundred steps."""


class JointEmbedding(Method):
    """Views of an image -> backbone -> head -> `compare`."""

    config: Any
    views_differ: ClassVar[bool] = False
    """Whether the two views differ in blur and solarisation, as BYOL's."""
    view_changes: ClassVar[Mapping[str, Any]] = {}
    """What the method's definition demands of both views, as fields of `Augmentation`."""

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """The views of `augmentations`, a list of tensors (3, H, W)."""
        from bench.pretraining.augment import MultiView

        return MultiView(self.augmentations(image_size))

    def augmentations(self, image_size: int) -> list[Augmentation]:
        """One for each view: two, unless the method says otherwise."""
        from methods.views import alike, asymmetric

        return (asymmetric if self.views_differ else alike)(image_size, self.views, **self.view_changes)

    def build(self, backbone: nn.Module) -> nn.Module:
        """Backbone, and the parts of `heads`."""
        from torch import nn

        width = int(backbone.embedding_dim)  # type: ignore[arg-type]
        return nn.ModuleDict({"backbone": backbone, **self.heads(backbone, width)})

    @abstractmethod
    def heads(self, backbone: nn.Module, width: int) -> Mapping[str, nn.Module]:
        """The parts beside the backbone, whose embeddings have `width` numbers; `head` projects them."""

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """The loss of `compare`, in full precision: it sums over batches, covariances or exponentials."""
        import torch

        embedded = self.embed(module, views)
        with torch.autocast(next(module.parameters()).device.type, enabled=False):
            return {"loss": self.compare(module, embedded, progress)}

    def embed(self, module: Any, views: Any) -> Any:
        """What `compare` gets: projections (B, P) of all views, in full precision."""
        return [module["head"](module["backbone"](view).pooled).float() for view in views]

    @abstractmethod
    def compare(self, module: Any, embedded: Any, progress: Progress) -> Tensor:
        """The loss, a scalar, of what `embed` gave."""
