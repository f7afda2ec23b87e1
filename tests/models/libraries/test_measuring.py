"""Channels, strides and sizes, found by trying."""

import pytest
import torch
from torch import nn

from bench.core.errors import UsageError
from bench.models.libraries.measuring import measure, without_weights


def convolutions(strides):
    return nn.ModuleList(nn.Conv2d(3, 4 + stride, stride, stride) for stride in strides)


def levels_of(model, ceil=False):
    def levels(images):
        grown = nn.functional.pad(images, (0, -images.shape[3] % 32, 0, -images.shape[2] % 32)) if ceil else images
        maps = [part(grown) for part in model]
        return maps, maps[-1].mean(dim=(2, 3))

    return levels


def test_channels_strides_stem_and_padding_are_measured():
    model = convolutions((2, 4, 8, 32))
    found = measure("m", model, levels_of(model), 32, 224)
    assert (found.channels, found.strides, found.stem_channels, found.embedding_dim) == ((8, 12, 36), (4, 8, 32), 6, 36)
    assert (found.side, found.whole) == (None, 32)
    assert found.parameters == sum(p.numel() for p in model.parameters())


def test_a_model_of_one_size_is_measured_at_it():
    model = convolutions((4, 8))

    def levels(images):
        assert images.shape[2:] == (56, 56)
        return levels_of(model)(images)

    found = measure("m", model, levels, 8, 56)
    assert (found.side, found.whole, found.strides) == (56, 1, (4, 8))


def test_a_model_that_takes_nothing_is_one_error():
    def levels(_images):
        raise RuntimeError("never")

    with pytest.raises(UsageError, match="No feature maps can be had of m"):
        measure("m", nn.Identity(), levels, 8, 56)


def test_what_needs_content_is_made_with_it_and_no_generator_moves():
    torch.manual_seed(5)
    expected = torch.randn(1)
    torch.manual_seed(5)
    assert without_weights(lambda: torch.randn(3).mean()).is_meta
    assert isinstance(without_weights(lambda: torch.randn(3).mean().item()), float)
    assert torch.equal(torch.randn(1), expected)
