"""Encoders as ONNX graphs: what they give is compared with torch, whatever the batch size."""

import pytest
import torch
from timm.models.vision_transformer_sam import Attention
from torch import nn

from bench.core.kind import Features
from bench.models.onnx_graph import Embedder, _plain_attention, graph_bytes, graph_difference


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=4)

    def forward(self, images):
        maps = self.conv(images)
        return Features([maps * 2, maps], maps.mean((2, 3)))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Embedder(Tiny()).eval()


def test_an_embedder_gives_the_embedding_and_the_coarsest_map(model):
    images = torch.randn(2, 3, 16, 16)
    embedding, coarsest = model(images)
    maps = model.backbone.conv(images)
    assert torch.equal(embedding, maps.mean((2, 3)))
    assert torch.equal(coarsest, maps)


def test_a_graph_is_told_from_that_of_other_weights(model):
    images = torch.randn(2, 3, 16, 16)
    data = graph_bytes(model, images)
    assert graph_difference(data, model, images) < 1e-5
    with torch.no_grad():
        model.backbone.conv.weight.mul_(2)
    assert graph_difference(data, model, images) > 0.1


def test_fused_attention_is_spelled_out_only_meanwhile():
    attention = Attention(8, num_heads=2)
    attention.fused_attn = True
    seen = []

    def fail():
        with _plain_attention(nn.Sequential(attention)):
            seen.append(attention.fused_attn)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert seen == [False]
    assert attention.fused_attn
