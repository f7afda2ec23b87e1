"""The floor of every comparison: an encoder with the weights it was initialised with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bench.core.method import Method, Progress

if TYPE_CHECKING:
    from torch import Tensor, nn


class Random(Method):
    """No pretraining; the encoder's initial weights, drawn from the run's seed."""

    name: ClassVar[str] = "random"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "No pretraining (random weights)"
    citation: ClassVar[str] = "He et al., Delving Deep into Rectifiers, ICCV 2015 (the initialisation)"
    pretrains: ClassVar[bool] = False

    def build(self, backbone: nn.Module) -> nn.Module:
        """Hold the backbone, nothing else."""
        from torch import nn

        return nn.ModuleDict({"backbone": backbone})

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Never called: there is nothing to learn."""
        raise TypeError("The method `random` has no loss; it is never trained.")
