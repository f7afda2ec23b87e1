"""SAM's encoder with and without absolute positions: LVM-Med's ViT has none, and must not keep random ones."""

from functools import partial

import pytest
import torch
from timm.models.vision_transformer_sam import VisionTransformerSAM
from torch import nn

from bench.core.errors import StorageError
from bench.models.specs import BACKBONES, BackboneSpec, VisionTransformerShape
from bench.models.vit import SAMBackbone
from bench.models.weights.layouts import OPTIONAL, find_layout, translate
from bench.models.weights.method import load_into, load_weights
from bench.models.weights.sources import WeightsEntry

SHAPE = VisionTransformerShape(16, 4, 2, image_size=64)
SMALL = BackboneSpec("small_sam", "", 4 * (32,), 4 * (16,), family="sam", transformer=SHAPE)


@pytest.fixture
def small_sam(monkeypatch):
    """A SAM-type backbone that is quick to build, among the known ones."""
    monkeypatch.setattr("bench.models.specs.BACKBONES", {**BACKBONES, "small_sam": SMALL})
    monkeypatch.setattr("bench.models.weights.match.BACKBONES", {**BACKBONES, "small_sam": SMALL})


def theirs(positions):
    """The authors' encoder, without the neck: `positions` is segment-anything's `use_abs_pos`."""
    torch.manual_seed(4)
    encoder = VisionTransformerSAM(
        64, 16, embed_dim=32, depth=4, num_heads=2, num_classes=0, neck_chans=0, use_rel_pos=True, window_size=14,
        use_abs_pos=positions, global_attn_indexes=(0, 1, 2, 3), norm_layer=partial(nn.LayerNorm, eps=1e-6),
    ).eval()  # fmt: skip
    encoder.neck = encoder.head = nn.Identity()
    for name, parameter in encoder.named_parameters():
        if "rel_pos" in name or name == "pos_embed":
            nn.init.normal_(parameter, std=0.5)
    return encoder


def saved(encoder, path):
    torch.save({k.replace("mlp.fc", "mlp.lin"): v for k, v in encoder.state_dict().items()}, path)
    return WeightsEntry(name="mine", file=path)


@torch.inference_mode()
def test_file_without_absolute_positions_gives_the_output_of_an_encoder_without_them(small_sam, tmp_path):
    network = theirs(positions=False)
    assert network.pos_embed is None
    loaded = load_weights(saved(network, tmp_path / "lvmmed_vit.pth"))
    assert loaded.match.backbone == "small_sam"
    assert loaded.record.rules == ["names of sam", "no absolute positions in the file: zeros"]
    assert loaded.record.matched == len(network.state_dict()), "the zeros are not the file's"
    assert loaded.record.missing == []
    ours = SAMBackbone(SMALL)
    assert ours.pos_embed.abs().sum() > 0, "random before loading"
    load_into(ours, loaded)
    images = torch.randn(2, 3, 64, 96)
    expected = network.forward_features(images)
    assert torch.allclose(ours.eval()(images).maps[-1], expected, atol=1e-5)


@torch.inference_mode()
def test_absolute_positions_of_a_file_are_used(small_sam, tmp_path):
    network = theirs(positions=True)
    loaded = load_weights(saved(network, tmp_path / "sam.pth"))
    assert loaded.record.rules == ["names of sam"]
    ours = SAMBackbone(SMALL)
    load_into(ours, loaded)
    images = torch.randn(2, 3, 64, 64)
    assert torch.allclose(ours.eval()(images).maps[-1], network.forward_features(images), atol=1e-5)


def test_only_positions_are_optional(small_sam, tmp_path):
    network = theirs(positions=False)
    state = network.state_dict()
    assert set(OPTIONAL) == {"pos_embed"}
    assert "pos_embed" not in translate(state, find_layout(state))
    network.blocks[1].attn.rel_pos_w = None
    with pytest.raises(StorageError, match=r"1 tensors missing \(blocks\.1\.attn\.rel_pos_w\)"):
        load_weights(saved(network, tmp_path / "x.pth"))
