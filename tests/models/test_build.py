"""Encoders by name, with weights from a seed."""

import pytest
import torch

from bench.core.errors import UsageError
from bench.engine.seeding import seed_all
from bench.models.build import build_backbone
from bench.models.resnet import ResNetBackbone
from bench.models.vit import SAMBackbone, ViTBackbone


@pytest.mark.parametrize(
    ("name", "cls"), [("resnet18", ResNetBackbone), ("vit_tiny_8", ViTBackbone), ("vit_b_16_sam", SAMBackbone)]
)
def test_a_name_gives_its_family(name, cls):
    with torch.device("meta"):
        assert type(build_backbone(name)) is cls


def test_initial_weights_follow_the_seed():
    states = []
    for seed in (0, 0, 1):
        seed_all(seed)
        states.append(build_backbone("vit_tiny_8").state_dict())
    same, other = (all(torch.equal(v, s[k]) for k, v in states[0].items()) for s in states[1:])
    assert same
    assert not other


def test_an_unknown_name_is_an_error_with_the_closest():
    with pytest.raises(UsageError, match=r"Unknown backbone 'resnet81'\. Did you mean 'resnet18'"):
        build_backbone("resnet81")
