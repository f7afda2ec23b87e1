"""The table of encoders: what it says is what is built."""

import dataclasses
import subprocess
import sys

import pytest
import timm
import torch

from bench.models.build import build_backbone
from bench.models.export import TIMM_MODELS
from bench.models.specs import BACKBONES, find_backbone
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


@pytest.mark.parametrize("name", BACKBONES)
def test_every_declared_encoder_is_what_the_table_says(name):
    spec = find_backbone(name)
    with torch.device("meta"):
        backbone = build_backbone(name)
    assert (backbone.channels, backbone.strides) == (spec.channels, spec.strides)
    assert backbone.embedding_dim == spec.channels[-1]
    assert len(spec.channels) == len(spec.strides) == 4
    assert (spec.transformer is None) == (spec.family == "resnet")


def test_specifications_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        find_backbone("resnet18").version = 2


def test_the_table_is_there_without_torch():
    code = "import sys, bench.models.specs; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
