"""Optimisers and schedules by name."""

import pytest
import torch
from torch import nn

from bench.core.method import MethodConfig
from bench.engine.optim import OPTIMIZERS, build_optimizer, build_schedule, lr_factor


def test_schedules():
    steps = 100
    halving = MethodConfig(schedule="halve_four_times")
    assert [lr_factor(halving, s, steps) for s in (0, 19, 20, 40, 60, 80, 99, 100)] == [
        1, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16,
    ]  # fmt: skip
    cosine = MethodConfig(schedule="cosine", warmup_fraction=0.1)
    assert lr_factor(cosine, 0, steps) == pytest.approx(0.1)
    assert lr_factor(cosine, 10, steps) == 1
    assert lr_factor(cosine, 55, steps) == pytest.approx(0.5)
    assert lr_factor(cosine, 100, steps) == pytest.approx(0)


def test_biases_and_norms_are_not_decayed_and_frozen_parameters_not_trained():
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2, bias=False).requires_grad_(False))
    optimizer = build_optimizer(module, MethodConfig(optimizer="adamw", lr=0.1, weight_decay=0.5))
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert {name: decay.get(id(p)) for name, p in module.named_parameters()} == {
        "0.weight": 0.5, "0.bias": 0.0, "1.weight": 0.0, "1.bias": 0.0, "2.weight": None,
    }  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_lowers_a_quadratic(name):
    torch.manual_seed(0)
    module = nn.Linear(4, 1, bias=False)
    optimizer = build_optimizer(module, MethodConfig(optimizer=name, lr=0.01))
    schedule = build_schedule(optimizer, MethodConfig(schedule="constant"), 20)
    before = float(module.weight.detach().square().sum())
    for _ in range(20):
        optimizer.zero_grad()
        module.weight.square().sum().backward()
        optimizer.step()
        schedule.step()
    assert float(module.weight.detach().square().sum()) < before
    assert schedule.get_last_lr() == [0.01]
