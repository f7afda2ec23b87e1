"""VICReg as a plugin: everything a method needs, in one file."""

from lightly.loss import VICRegLoss
from lightly.models.modules.heads import VICRegProjectionHead
from lightly.transforms import SimCLRTransform
from pydantic import Field
from torch import nn

from bench.core.method import Method, MethodConfig


class VICRegConfig(MethodConfig):
    """What `--set method.KEY=VALUE` can change, beside the optimiser's settings."""

    projection_dim: int = Field(2048, ge=1, description="Width of the projection head.")


class VICReg(Method):
    """Variance-invariance-covariance regularisation of two views."""

    name = "my_vicreg"
    title = "VICReg, as an example"
    citation = "Bardes et al., VICReg, ICLR 2022, arXiv 2105.04906"
    config_class = VICRegConfig
    quick = {"projection_dim": 256}

    def view_transform(self, image_size):
        return SimCLRTransform(input_size=image_size)

    def build(self, backbone):
        width = self.config.projection_dim
        head = VICRegProjectionHead(backbone.embedding_dim, width, width, num_layers=2)
        return nn.ModuleDict({"backbone": backbone, "head": head})

    def loss(self, module, views, progress):
        z0, z1 = (module["head"](module["backbone"](view).pooled) for view in views)
        return {"loss": VICRegLoss()(z0, z1)}
