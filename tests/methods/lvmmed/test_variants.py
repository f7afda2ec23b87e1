"""The variants of perf/ take a step, and do what sets them apart."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from bench.core.kind import Features
from bench.core.method import Progress
from methods.lvmmed import LVMMed

FILE = Path(__file__).parents[3] / "perf" / "lvmmed_variants.py"


@pytest.fixture(scope="module")
def variants():
    spec = importlib.util.spec_from_file_location("lvmmed_variants", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def at(fraction):
    return Progress(step=round(10 * fraction), total_steps=10, epoch=0, total_epochs=1)


@pytest.mark.parametrize("name", ["NoiseFalls", "LambdaRises", "EdgeLoss", "HardGraphs"])
def test_a_step_reaches_every_parameter(variants, name, tiny_backbone, make_views):
    cls = getattr(variants, name)
    torch.manual_seed(0)
    method = cls(cls.config_class(**cls.quick))
    module = method.build(tiny_backbone)
    parts = method.loss(module, make_views(32), at(0.5))
    parts["loss"].backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())
    assert 0 <= parts["matching_accuracy"] <= 1


def test_schedules_begin_and_end_where_they_say(variants):
    falls, rises = (cls(cls.config_class(**cls.quick)) for cls in (variants.NoiseFalls, variants.LambdaRises))
    scales, lambdas = [], []
    for fraction in (0.0, 1.0):
        falls.fraction = rises.fraction = fraction
        scales.append(falls._matcher().gumbel_scale)
        lambdas.append(rises._matcher().lambda_)
    assert scales == pytest.approx([1.0, 0.1])
    assert lambdas == pytest.approx([1.0, 80.0])


def test_edge_pairs_of_the_identity_are_the_shared_edges(variants):
    edges_s = torch.tensor([[[0, 1], [1, 2]]])
    edges_t = torch.tensor([[[1, 2], [0, 1], [2, 0]]])
    assert variants.edge_pairs(torch.eye(3)[None], edges_s, edges_t).tolist() == [[[0, 1, 0], [1, 0, 0]]]


def test_hard_graphs_are_ordered_by_the_direction_in_which_images_differ_most(variants, monkeypatch):
    cls = variants.HardGraphs
    monkeypatch.setattr(LVMMed, "affinities", lambda self, module, encoded, boxes: (encoded, boxes))
    torch.manual_seed(0)
    size = torch.randperm(32).float()  # the planted direction, far larger than the noise
    pooled = size[:, None] * torch.tensor([3.0, 4.0, 0.0]) + torch.randn(32, 3) * 0.01
    encoded = [Features([size[:, None, None, None] + view], pooled + view) for view in (0, 100)]
    boxes = [size[:, None].repeat(1, 5)] * 2
    chosen, moved = cls(cls.config_class(**cls.quick)).affinities(None, encoded, boxes)
    first = chosen[0].maps[0].flatten()
    rising = torch.arange(32.0)
    assert torch.equal(first, rising) or torch.equal(first, rising.flip(0))
    assert torch.equal(chosen[1].maps[0].flatten(), first + 100)
    assert all(torch.equal(box[:, 0], first) for box in moved)
