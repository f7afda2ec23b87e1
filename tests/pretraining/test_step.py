"""One step of a pretraining."""

import torch
from lightning.fabric import Fabric
from torch import nn

from bench.core.method import Progress
from bench.pretraining.step import MethodLoss, StepInput, fetch


class Doubled:
    """As a method: the sum of what a module makes of the views."""

    def loss(self, module, views, progress):
        return {
            "loss": module(views["image"]).sum(),
            "step": torch.tensor(float(progress.step)),
            "boxes": views["boxes"],
        }


def test_views_reach_the_method_as_they_are_in_mixed_precision():
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    module = fabric.setup_module(MethodLoss(Doubled(), nn.Linear(2, 1, bias=False)))
    views = {"image": torch.ones(1, 2), "boxes": torch.tensor(1 / 3)}
    parts = module(StepInput(views, Progress(3, 10, 0, 1)))
    assert parts["boxes"].dtype == torch.float32
    assert fetch(parts)["boxes"] == torch.tensor(1 / 3).item()
    assert fetch(parts)["step"] == 3


def test_scalars_come_without_their_gradient():
    weight = torch.tensor(2.0, requires_grad=True)
    assert fetch({"loss": weight * 3, "part": torch.tensor(1, dtype=torch.int64)}) == {"loss": 6.0, "part": 1.0}
