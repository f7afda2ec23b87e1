"""Tokens of transformers: without a mask those of the forward pass, with one what timm would give for it."""

import pytest
import torch
from torch import nn

from bench.core.errors import UsageError
from bench.engine.seeding import seeded
from bench.models.build import build_backbone
from bench.models.specs import BackboneSpec, VisionTransformerShape
from bench.models.tokens import encode_tokens, patch_side, token_grid, transformer_of
from bench.models.vit import ViTBackbone


def encoder(name):
    with seeded(0):
        if name == "clip":
            shape = VisionTransformerShape(8, 2, 2, image_size=48, clip=True)
            return ViTBackbone(BackboneSpec("small", "", 4 * (32,), 4 * (8,), family="vit", transformer=shape)).eval()
        return build_backbone(name).eval()


@pytest.mark.parametrize("name", ["vit_tiny_8", "timm:test_vit", "clip"])
@pytest.mark.parametrize("side", [48, 64, 44])
def test_all_tokens_are_those_of_the_forward_pass(name, side):
    backbone = encoder(name)
    images = torch.randn(2, 3, side, side)
    if side == 44 and name == "timm:test_vit":
        images = images[:, :, :32, :32]
    tokens, features = encode_tokens(backbone, images), backbone(images)
    torch.testing.assert_close(tokens[:, 0], features.pooled, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        tokens[:, 1:].mT.reshape(features.maps[-1].shape), features.maps[-1], rtol=1e-5, atol=1e-5
    )


def test_kept_tokens_alone_take_part():
    backbone = encoder("vit_tiny_8")
    images = torch.randn(2, 3, 48, 48)
    keep = torch.tensor([[0, 3, 8], [0, 36, 1]])
    tokens = encode_tokens(backbone, images, keep=keep)
    assert tokens.shape == (2, 3, 192)
    embedded = backbone.patch_embed(images).flatten(1, 2)
    embedded = torch.cat([backbone.cls_token.expand(2, -1, -1), embedded], 1) + backbone.pos_embed
    chosen = torch.stack([embedded[i, keep[i]] for i in range(2)])
    torch.testing.assert_close(tokens, backbone.norm(backbone.blocks(chosen)))


def test_the_mask_token_stands_for_patches_before_positions_are_added():
    backbone, token = encoder("vit_tiny_8"), nn.Parameter(torch.randn(1, 1, 192))
    images, mask = torch.randn(2, 3, 48, 48), torch.zeros(2, 37, dtype=torch.bool)
    mask[0, 4] = mask[1, 9:20] = True
    tokens = encode_tokens(backbone, images, mask=mask, mask_token=token)
    embedded = backbone.patch_embed(images).flatten(1, 2)
    embedded = torch.cat([backbone.cls_token.expand(2, -1, -1), embedded], 1)
    shown = torch.where(mask[..., None], token, embedded) + backbone.pos_embed
    torch.testing.assert_close(tokens, backbone.norm(backbone.blocks(shown)))
    tokens.sum().backward()
    assert token.grad is not None


def test_encoding_leaves_the_weights_alone():
    backbone = encoder("vit_tiny_8")
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    encode_tokens(backbone, torch.randn(1, 3, 48, 48))
    assert backbone.state_dict().keys() == before.keys()
    assert all(torch.equal(v, before[k]) for k, v in backbone.state_dict().items())


@pytest.mark.parametrize("name", ["resnet18", "timm:resnet18"])
def test_other_encoders_have_no_tokens(name):
    with pytest.raises(
        UsageError, match=rf"{name} has no patch tokens that can be masked.*Choose --backbone vit_tiny_8"
    ):
        transformer_of(build_backbone(name))


def test_patches_of_an_image():
    backbone = encoder("vit_tiny_8")
    assert (patch_side(backbone), token_grid(backbone, 48)) == (8, 6)
    assert token_grid(backbone, 44, whole=False) == 6
    with pytest.raises(UsageError, match=r"images of 44 pixels are no whole patches of 8.*image_size=40 or 48"):
        token_grid(backbone, 44)
