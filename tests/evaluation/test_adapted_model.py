"""The models of the supervised loop: what is frozen, what is in training mode, and which precision comes out."""

import pytest
import torch
from torch import nn

from bench.core.kind import Features
from bench.evaluation.adapted_model import AdaptedModel, EmbeddingHead


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, images):
        maps = self.norm(self.conv(images))
        return Features([maps], maps.mean((2, 3)))


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.seen = []

    def forward(self, features, *target):
        self.seen.append((features.pooled.dtype, len(features.maps), len(target)))
        return self.linear(features.pooled)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_keeps_its_mode_its_statistics_and_gets_no_gradient(frozen):
    model = AdaptedModel(Encoder(), Head(), frozen=frozen).train()
    assert (model.training, model.head.training, model.backbone.training) == (True, True, not frozen)
    before = model.backbone.norm.running_mean.clone()
    model(torch.randn(2, 3, 8, 8)).sum().backward()
    assert torch.equal(before, model.backbone.norm.running_mean) == frozen
    assert all((p.grad is None) == frozen for p in model.backbone.parameters())
    assert all(p.grad is not None for p in model.head.parameters())
    assert not model.eval().head.training


@pytest.mark.parametrize(("mixed_head", "inner"), [(True, torch.bfloat16), (False, torch.float32)])
def test_mixed_precision_stays_inside(mixed_head, inner):
    model = AdaptedModel(Encoder(), Head(), frozen=False, mixed=True, mixed_head=mixed_head)
    output = model(torch.randn(2, 3, 32, 32), torch.zeros(2))
    assert output.dtype == torch.float32
    assert model.head.seen == [(inner, 1, 1)]


def test_embeddings_need_no_encoder_and_have_no_maps():
    head = Head()
    assert EmbeddingHead(head)(torch.randn(3, 4)).shape == (3, 2)
    assert head.seen == [(torch.float32, 0, 0)]
