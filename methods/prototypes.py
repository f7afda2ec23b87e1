"""What SwAV and DeepCluster-v2 share: prototypes of unit length that projections of unit length are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from bench.core.method import Progress
from methods.joint_embedding import JointEmbedding, LargeBatchConfig


class PrototypeConfig(LargeBatchConfig):
    """Published values of both: ImageNet, ResNet-50, batch 4096 (facebookresearch/swav, `scripts/`)."""

    lr: float = Field(0.3, gt=0, description="Peak learning rate at a batch of 256 (4.8 at 4096).")
    temperature: float = Field(0.1, gt=0, description="Temperature of the softmax over prototypes (0.1).")
    prototypes: int = Field(3000, ge=2, description="Number of prototypes of a set (3000).")
    hidden_dim: int = Field(2048, ge=1, description="Hidden units of the projection head (2048).")
    projection_dim: int = Field(128, ge=1, description="Size of the projection (128).")
    local_views: int = Field(0, ge=0, description="Number of local crops.")
    local_ratio: float = Field(96 / 224, gt=0, le=1, description="Side of a local crop relative to a global one.")


class PrototypeMethod(JointEmbedding):
    """Multi-crop, projection head and sets of prototypes; `embed` gives projections of unit length."""

    sets: ClassVar[int] = 1
    """Sets of prototypes."""
    quick: ClassVar[Mapping[str, Any]] = {
        "optimizer": "adam",
        "lr": 1e-3,
        "lr_scaling": "none",
        "hidden_dim": 512,
        "prototypes": 64,
        "local_ratio": 0.5,
    }
    published_views: ClassVar[Mapping[str, Any]] = {"jitter": (0.8, 0.8, 0.8, 0.2)}  # src/multicropdataset.py

    def augmentations(self, image_size: int) -> Any:
        """Two global views and `local_views` local ones, drawn alike; multi-crop is the methods' definition."""
        from methods.views import alike, local

        both = alike(image_size, self.views)
        return both + self.config.local_views * [local(both[0], self.views, self.config.local_ratio)]

    def heads(self, backbone: Any, width: int) -> Any:
        """lightly's head and prototypes, without the bias that the authors' do not have."""
        from lightly.models.modules import SwaVProjectionHead, SwaVPrototypes

        c = self.config
        prototypes = SwaVPrototypes(c.projection_dim, self.sets * [c.prototypes])
        for one in prototypes.heads:
            one.register_parameter("bias", None)
        prototypes.normalize()
        return {"head": SwaVProjectionHead(width, c.hidden_dim, c.projection_dim), "prototypes": prototypes}

    def embed(self, module: Any, views: Any) -> Any:
        """Projections (B, P) of all views, of unit length."""
        from torch.nn.functional import normalize

        return [normalize(z) for z in super().embed(module, views)]

    def after_step(self, module: Any, progress: Progress) -> None:
        """Prototypes have unit length."""
        module["prototypes"].normalize()
