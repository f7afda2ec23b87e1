"""The floor below all networks: a small grey image is its own embedding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from bench.core.method import Method, MethodConfig, Progress

if TYPE_CHECKING:
    from torch import Tensor, nn


class PixelsConfig(MethodConfig):
    """How small."""

    side: int = Field(16, ge=2, le=64, description="Side of the grey image in pixels; the embedding has side x side.")


class Pixels(Method):
    """No network: the image in grey, shrunk by averaging, pixel for pixel; what a nearest copy scores is in it."""

    name: ClassVar[str] = "pixels"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "No network (16 x 16 grey pixels)"
    citation: ClassVar[str] = "none; Torralba et al., 80 Million Tiny Images, TPAMI 2008, for how far small images go"
    config_class: ClassVar[type[MethodConfig]] = PixelsConfig
    pretrains: ClassVar[bool] = False
    frozen_only: ClassVar[bool] = True
    config: PixelsConfig

    def substitute(self, backbone: nn.Module) -> nn.Module:
        """`GreyPixels`, whatever the backbone."""
        from bench.models.pixels import GreyPixels

        return GreyPixels(self.config.side)

    def build(self, backbone: nn.Module) -> nn.Module:
        """The pixels as `backbone`; nothing is trained."""
        from torch import nn

        return nn.ModuleDict({"backbone": self.substitute(backbone)})

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Never called: there is nothing to learn."""
        raise TypeError("The method `pixels` has no loss; it is never trained.")
