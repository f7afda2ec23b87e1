"""Hidden layers in front of a kind's own head."""

import torch
from torch import nn

from bench.core.kind import Features
from bench.evaluation.heads import HiddenLayers, MlpHead, build_head
from bench.evaluation.settings import MlpSettings, ProtocolSettings


class Encoder(nn.Module):
    embedding_dim = 6


class Kind:
    """A kind whose head has as many inputs as what it is built for has outputs."""

    def build_head(self, backbone):
        return Linear(backbone.embedding_dim)


class Linear(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.linear = nn.Linear(inputs, 4)

    def forward(self, features):
        return self.linear(features.pooled)


def features():
    return Features([torch.ones(2, 3, 4, 4)], torch.randn(2, 6))


def test_only_a_protocol_with_hidden_layers_has_them():
    kind = Kind()
    plain = build_head(kind, Encoder(), ProtocolSettings())
    deep = build_head(kind, Encoder(), MlpSettings(hidden=(5, 4)))
    assert not isinstance(plain, MlpHead)
    assert [tuple(p.shape) for p in deep.hidden.parameters()] == [(5, 6), (5,), (4, 5), (4,)]
    assert plain(features()).shape == deep(features()).shape == (2, 4)


def test_each_hidden_layer_ends_in_relu_and_a_kind_sees_the_last_ones_width():
    hidden = HiddenLayers(6, (5, 4))
    assert hidden.embedding_dim == 4
    output = hidden(torch.randn(3, 6))
    assert output.shape == (3, 4)
    assert output.min() >= 0


def test_maps_pass_unchanged():
    given = features()
    head = MlpHead(HiddenLayers(6, (5, 4)), seen := Watch())
    head(given)
    assert seen.features.maps is given.maps
    assert seen.features.pooled.shape == (2, 4)


class Watch(nn.Module):
    def forward(self, features):
        self.features = features
        return features.pooled
