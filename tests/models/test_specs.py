"""The table of encoders: what it says is what is built."""

import timm
import torch

from bench.models.build import build_backbone
from bench.models.export import TIMM_MODELS
from bench.models.weights.match import own_shapes

NAMES = ("vit_b_16_clip", "vit_b_16_openclip")


def test_both_have_the_same_names_and_each_has_timms_activation():
    assert own_shapes(NAMES[0]) == own_shapes(NAMES[1])
    activations = []
    for name in NAMES:
        with torch.device("meta"):
            theirs = timm.create_model(TIMM_MODELS[name][0], num_classes=0).blocks[0].mlp.act
            activations.append(type(build_backbone(name).blocks[0].mlp.act))
        assert activations[-1] is type(theirs)
    assert activations[0] is not activations[1]
