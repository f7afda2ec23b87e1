"""Released files are recognised, every tensor is accounted for, and translated values are the right ones."""

import re

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from timm.models.vision_transformer import checkpoint_filter_fn as timm_vit_filter
from timm.models.vision_transformer_sam import checkpoint_filter_fn as timm_sam_filter

from bench.core.errors import StorageError
from bench.models.specs import BACKBONES, BackboneSpec, VisionTransformerShape
from bench.models.vit import ViTBackbone
from bench.models.weights.files import read_weights
from bench.models.weights.formats import FORMATS, unpack
from bench.models.weights.layouts import LAYOUTS, find_layout, translate
from bench.models.weights.match import match, own_shapes, recognise_backbone
from tests.models.weights.files import RELEASED
from tests.models.weights.names import (
    clip_tower,
    filled,
    hugging_face_clip,
    hugging_face_dinov2,
    hugging_face_vit,
    sam_encoder,
    torchvision_shapes,
)


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


@torch.inference_mode()
def test_torchvision_vit_gives_torchvisions_embedding():
    torch.manual_seed(0)
    theirs = torchvision.models.VisionTransformer(48, 8, num_layers=2, num_heads=3, hidden_dim=192, mlp_dim=768).eval()
    theirs.heads = torch.nn.Identity()
    torch.nn.init.normal_(theirs.class_token)
    state = theirs.state_dict()
    shape = VisionTransformerShape(8, 2, 3, image_size=48)
    ours = ViTBackbone(BackboneSpec("small", "", 4 * (192,), 4 * (8,), family="vit", transformer=shape)).eval()
    ours.load_state_dict(translate(state, find_layout(state)), strict=True)
    images = torch.randn(2, 3, 48, 48)
    assert torch.allclose(ours(images).pooled, theirs(images), atol=1e-5)


def test_clip_and_sam_names_are_translated_as_timm_does():
    clip = {f"visual.{k}": v for k, v in filled(clip_tower()).items()}
    with torch.device("meta"):
        model = timm.create_model("vit_base_patch16_clip_quickgelu_224", num_classes=0)
    theirs = timm_vit_filter(clip, model)
    ours = match(unpack(clip, "clip").state, "vit_b_16_clip", "clip").state
    assert all(torch.equal(ours[k], v) for k, v in theirs.items() if k in ours)
    assert ours.keys() <= theirs.keys()
    sam = {f"image_encoder.{k}": v for k, v in filled(sam_encoder()).items()}
    theirs = timm_sam_filter(sam, model)
    ours = match(unpack(sam, "sam").state, "vit_b_16_sam", "sam").state
    assert all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_separate_query_key_and_value_are_stacked_in_this_order():
    state = filled(hugging_face_vit())
    own = translate(state, find_layout(state))
    parts = [state[f"encoder.layer.3.attention.attention.{n}.weight"] for n in ("query", "key", "value")]
    assert torch.equal(own["blocks.3.attn.qkv.weight"], torch.cat(parts))
    clip = {k.removeprefix("vision_model."): v for k, v in filled(hugging_face_clip()).items()}
    own = translate(clip, find_layout(clip))
    parts = [clip[f"encoder.layers.3.self_attn.{n}_proj.weight"] for n in "qkv"]
    assert torch.equal(own["blocks.3.attn.qkv.weight"], torch.cat(parts))


def test_names_of_transformers_mean_what_they_say():
    dino = filled(hugging_face_dinov2())
    of_dino = {
        "encoder.layer.2.layer_scale1.lambda1": "blocks.2.ls1.gamma",
        "encoder.layer.2.layer_scale2.lambda1": "blocks.2.ls2.gamma",
        "encoder.layer.2.norm2.weight": "blocks.2.norm2.weight",
        "encoder.layer.2.mlp.fc2.bias": "blocks.2.mlp.fc2.bias",
        "layernorm.weight": "norm.weight",
    }
    clip = {k.removeprefix("vision_model."): v for k, v in filled(hugging_face_clip()).items()}
    of_clip = {
        "pre_layrnorm.weight": "norm_pre.weight",
        "post_layernorm.bias": "norm.bias",
        "embeddings.class_embedding": "cls_token",
        "encoder.layers.5.layer_norm1.bias": "blocks.5.norm1.bias",
        "encoder.layers.5.self_attn.out_proj.weight": "blocks.5.attn.proj.weight",
    }
    for state, same in ((dino, of_dino), (clip, of_clip)):
        own = translate(state, find_layout(state))
        assert all(torch.equal(state[theirs], own[ours]) for theirs, ours in same.items())


@pytest.mark.parametrize(
    "name",
    [
        "vision_encoder.layers.0.attn.qkv.weight",
        "resnet.encoder.stages.0.layers.0.layer.0.convolution.weight",
        "visual.trunk.blocks.0.attn.qkv.weight",
    ],
)
def test_wrapped_encoders_are_refused_with_their_names(name):
    with pytest.raises(StorageError, match=rf"x: no encoder was found .*{re.escape(name)}.*Name the prefix"):
        unpack({name: torch.ones(2, 2)}, "x")


def test_position_embeddings_of_another_size_are_interpolated_and_named():
    state = filled(own_shapes("vit_b_16"))
    grid = torch.linspace(0, 1, 24)[None, :].expand(24, 24).reshape(1, 576, 1).expand(1, 576, 768)
    state["pos_embed"] = torch.cat([torch.full((1, 1, 768), 5.0), grid], dim=1)
    fitted = match(state, "vit_b_16", "x")
    assert fitted.resampled == ["pos_embed (1, 577, 768) -> (1, 197, 768)"]
    small = fitted.state["pos_embed"]
    assert (small[0, 0] == 5).all(), "the class token's stays"
    rows = small[0, 1:].reshape(14, 14, 768)
    assert torch.allclose(rows[0], rows[13], atol=1e-5)
    assert (rows[0, 1:, 0] > rows[0, :-1, 0]).all(), "columns still rise"
    sam = filled(own_shapes("vit_b_16_sam"))
    sam["pos_embed"] = torch.zeros(1, 14, 14, 768)
    sam["blocks.2.attn.rel_pos_h"] = torch.arange(27.0)[:, None].expand(27, 64)
    fitted = match(sam, "vit_b_16_sam", "x")
    assert len(fitted.resampled) == 2
    assert (fitted.state["blocks.2.attn.rel_pos_h"].diff(dim=0) >= 0).all()


def test_counters_may_be_absent_and_half_precision_becomes_single():
    shapes = {k: s for k, s in torchvision_shapes("resnet18").items() if not re.search("num_batches", k)}
    state = {k: v.half() for k, v in filled(shapes).items()}
    fitted = match(state, "resnet18", "x")
    assert fitted.missing == []
    assert all(v.dtype == torch.float32 for v in fitted.state.values())
