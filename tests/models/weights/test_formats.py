"""Released files are recognised, the right part of them is taken, and what is no encoder is refused."""

import re

import pytest
import torch
from safetensors.torch import save_file

from bench.core.errors import StorageError
from bench.models.specs import BACKBONES
from bench.models.weights.files import read_weights
from bench.models.weights.formats import FORMATS, unpack
from bench.models.weights.layouts import LAYOUTS
from bench.models.weights.match import match, own_shapes, recognise_backbone
from tests.models.weights.files import RELEASED


def save(tree, path):
    """Write a file as its program does: safetensors with transformers' and timm's metadata, or a pickle."""
    if path.suffix == ".safetensors":
        save_file({k: v.contiguous() for k, v in tree.items()}, path, {"format": "pt"})
    else:
        torch.save(tree, path)


@pytest.mark.parametrize("name", RELEASED)
def test_released_files_are_recognised_and_match_completely(tmp_path, name):
    make, form, layout, backbone, heads = RELEASED[name]
    save(make(), tmp_path / name)
    tree, provenance = read_weights(tmp_path / name)
    assert provenance == {}
    found = unpack(tree, name)
    assert (found.format, found.layout.name) == (form, layout)
    assert recognise_backbone(found.state) == backbone
    fitted = match(found.state, backbone, name, optional=found.layout.optional)
    assert set(fitted.dropped) == heads
    assert fitted.zeros == (["pos_embed"] if name == "lvmmed_vit.pth" else [])
    assert (fitted.missing, fitted.resampled) == ([], [])
    assert {k: tuple(v.shape) for k, v in fitted.state.items()} == dict(own_shapes(backbone))


def test_the_right_part_of_a_checkpoint_is_taken():
    names = ("moco_v2.pth.tar", "solo_learn.ckpt", "dino_training.pth", "lightly_dino.ckpt", "lightly_ibot.ckpt")
    for name in names:
        found = unpack(RELEASED[name][0](), name)
        first = next(iter(found.state.values()))
        assert float(first.flatten()[0]) == pytest.approx(0.001), "the other copy's numbers start higher"
        assert found.rules
        if name != "dino_training.pth":
            assert found.others, "what was left out is counted"


def test_every_declared_format_and_layout_is_tested():
    assert {made[1] for made in RELEASED.values()} == set(FORMATS)
    assert {made[2] for made in RELEASED.values()} == {layout.name for layout in LAYOUTS}
    assert {made[3] for made in RELEASED.values()} == set(BACKBONES) - {"vit_tiny_8", "vit_b_16_openclip"}


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("vision_encoder.layers.0.attn.qkv.weight", "convert it"),
        ("resnet.encoder.stages.0.layers.0.layer.0.convolution.weight", "convert it"),
        ("visual.trunk.blocks.0.attn.qkv.weight", 'prefix = "visual.trunk."'),
    ],
)
def test_wrapped_encoders_are_refused_with_their_names(name, advice):
    with pytest.raises(StorageError, match=rf"x: no encoder was found .*{re.escape(name)}.*{re.escape(advice)}"):
        unpack({name: torch.ones(2, 2)}, "x")
