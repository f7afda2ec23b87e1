"""The base of methods: what it promises where a method says nothing."""

import pytest
from pydantic import ValidationError
from torch import nn

from bench.core.method import Method, MethodConfig, Progress


class Bare(Method):
    name = "bare"

    def build(self, backbone):
        return nn.ModuleDict({"backbone": backbone, "head": nn.Linear(2, 2)})

    def loss(self, module, views, progress):
        return {"loss": module["head"].weight.sum()}


@pytest.mark.parametrize(("step", "total", "fraction"), [(0, 10, 0.0), (5, 10, 0.5), (10, 10, 1.0), (0, 0, 0.0)])
def test_progress_is_a_share_of_the_steps(step, total, fraction):
    assert Progress(step, total, 0, 1).fraction == fraction


def test_a_method_without_loss_is_none():
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (Method,), {"name": "half"})(MethodConfig())


def test_what_a_method_need_not_say():
    bare, backbone = Bare(MethodConfig()), nn.Linear(3, 2)
    module = bare.build(backbone)
    assert bare.encoder(module) is backbone
    assert bare.batch_multiple == 1
    assert bare.initialise(backbone) is None
    before = {k: v.clone() for k, v in module.state_dict().items()}
    bare.before_step(module, Progress(0, 1, 0, 1))
    bare.after_step(module, Progress(1, 1, 0, 1))
    assert all((before[k] == v).all() for k, v in module.state_dict().items())
    with pytest.raises(TypeError, match="'bare' has no views: it is never trained"):
        bare.view_transform(32)


@pytest.mark.parametrize("wrong", [{"lr": 0}, {"weight_decay": -1}, {"warmup_fraction": 1}, {"optimizer": "rmsprop"}])
def test_settings_of_every_method_are_checked(wrong):
    with pytest.raises(ValidationError):
        MethodConfig(**wrong)
