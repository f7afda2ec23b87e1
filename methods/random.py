"""The floor of every comparison: an encoder with the weights it was initialised with."""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from bench.interfaces import Method, Progress


class Random(Method):
    """No pretraining; the encoder's initial weights, drawn from the run's seed."""

    name: ClassVar[str] = "random"
    title: ClassVar[str] = "No pretraining (random weights)"
    citation: ClassVar[str] = "He et al., Delving Deep into Rectifiers, ICCV 2015 (the initialisation)"
    pretrains: ClassVar[bool] = False

    def build(self, backbone: nn.Module) -> nn.Module:
        """Hold the backbone, nothing else."""
        return nn.ModuleDict({"backbone": backbone})

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Never called: there is nothing to learn."""
        raise TypeError("The method `random` has no loss; it is never trained.")
