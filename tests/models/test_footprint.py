"""Parameters and operations by hand; seconds and memory from the stages."""

import pytest
import torch
from torch import nn

from bench.models.footprint import forward_flops, model_facts, run_facts


def small():
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 8 * 8, 5))


def test_operations_by_hand():
    convolution, linear = 2 * 8 * 8 * 4 * 3 * 9, 2 * 4 * 8 * 8 * 5
    assert forward_flops(small(), torch.zeros(3, 8, 8)) == convolution + linear
    facts = model_facts(small(), torch.zeros(3, 8, 8), 7)
    assert facts["gflops_per_image"] == pytest.approx((convolution + linear) / 1e9, abs=1e-6)
    assert facts["parameters"] == 3 * 4 * 9 + 4 + 8 + 4 * 64 * 5 + 5
    assert facts["trained_parameters"] == 7
    assert "gflops_per_image" not in model_facts(small(), [1, 2], 7), "an item that is no image"


def test_counting_changes_nothing():
    model = small().train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = torch.get_rng_state()
    forward_flops(model, torch.ones(3, 8, 8))
    assert model.training
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_facts_of_a_run():
    def stage(seconds, speed, memory):
        return {"seconds": seconds, "images_per_second": speed, "peak_memory_mib": memory}

    frozen = {"pretrain": stage(60.0, 1.0, 900.0), "embed": stage(5.0, 200.0, 300.0), "adapt": stage(1.5, 9e4, 200.0)}
    assert run_facts(frozen) == {
        "images_per_second": 200.0, "peak_memory_mib": 300.0, "adapt_seconds": 6.5, "pretrain_seconds": 60.0,
    }  # fmt: skip
    assert run_facts({"adapt": stage(7.0, 80.0, 500.0)}) == {
        "images_per_second": 80.0, "peak_memory_mib": 500.0, "adapt_seconds": 7.0,
    }  # fmt: skip
