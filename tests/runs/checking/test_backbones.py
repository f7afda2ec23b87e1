"""A backbone's shapes, gradients and seeds are checked; each mistake names the backbone and the fix."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from bench.core.errors import PluginError
from bench.core.kind import Features
from bench.models.specs import BACKBONES, BackboneSpec
from bench.runs.checking.backbones import check_backbone


class Small(nn.Module):
    def __init__(self, width=8, seed=None):
        super().__init__()
        if seed is not None:
            torch.manual_seed(seed)
        self.layer = nn.Conv2d(3, width, 4, 4)

    def forward(self, images):
        maps = self.layer(images)
        return Features([maps], maps.mean((2, 3)))


class Detached(Small):
    def forward(self, images):
        maps = self.layer(images).detach() + 0 * self.layer.bias.sum().detach()
        maps = maps.requires_grad_()
        return Features([maps], maps.mean((2, 3)))


class Alone(Small):
    def forward(self, images):
        return super().forward(images).pooled


class Unlucky(Small):
    def __init__(self):
        super().__init__(seed=torch.seed())


KEPT = Small()
SPEC = BackboneSpec("small", "one layer", (8,), (4,), given=Small)


def kept():
    return KEPT


def wide():
    return Small(width=16)


def nothing():
    return None


def test_sound_ones():
    assert check_backbone(SPEC).name == "small"
    assert check_backbone("vit_tiny_8").noun == "backbone"
    assert check_backbone(BACKBONES["resnet18"]).name == "resnet18"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"given": wide}, r"maps\[0\] has the shape \(2, 16, 16, 16\), expected \(2, 8, 16, 16\)|pooled has the shape"),
        ({"strides": (8,)}, r".maps\[0\] has the shape \(2, 8, 16, 16\), expected \(2, 8, 8, 8\)"),
        ({"channels": (8, 8), "strides": (4, 8)}, "maps are 1, and channels 2"),
        ({"channels": (4,)}, r"pooled has the shape \(2, 8\), expected \(2, 4\)"),
        ({"strides": (4, 8)}, "has 1 channels and 2 strides; expected one of each"),
        ({"given": Alone}, r"forward gave a Tensor, expected bench.Features\(maps, pooled\)"),
        ({"given": Detached}, "no gradient of the embedding reaches a parameter"),
        ({"given": kept}, "gives the same module each time"),
        ({"given": Unlucky}, "two modules built from one seed have different weights"),
        ({"given": nothing}, r"given\(\) raised|no torch.nn.Module"),
        ({"given": None}, "given must be a function or an nn.Module class"),
        ({"name": "resnet18"}, "this name is taken by a backbone"),
    ],
)
def test_mistakes(changes, message):
    with pytest.raises(PluginError, match=message) as caught:
        check_backbone(replace(SPEC, **changes))
    assert "Backbone" in str(caught.value)
