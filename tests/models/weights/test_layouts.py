"""Names of other programs become this harness's, and translated values are the right ones."""

import timm
import torch
import torchvision
from timm.models.vision_transformer import checkpoint_filter_fn as timm_vit_filter
from timm.models.vision_transformer_sam import checkpoint_filter_fn as timm_sam_filter

from bench.models.specs import BackboneSpec, VisionTransformerShape
from bench.models.vit import ViTBackbone
from bench.models.weights.formats import unpack
from bench.models.weights.layouts import find_layout, translate
from bench.models.weights.match import match
from tests.models.weights.names import (
    clip_tower,
    filled,
    hugging_face_clip,
    hugging_face_dinov2,
    hugging_face_vit,
    sam_encoder,
)


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
