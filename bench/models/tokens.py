"""Patch tokens of vision transformers: some hidden behind a mask token, or left out, which forward passes know not."""

from __future__ import annotations

from typing import Any

from lightly.models.modules import MaskedVisionTransformerTIMM
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from bench.core.errors import UsageError


def has_tokens(model: Any) -> bool:
    """Whether a model is a plain vision transformer of timm with a class token, whose patch tokens can be masked."""
    plain = isinstance(model, VisionTransformer) and model.cls_token is not None and model.num_prefix_tokens == 1
    return plain and getattr(model, "attn_pool", None) is None


def transformer_of(backbone: nn.Module) -> VisionTransformer:
    """The vision transformer that a backbone is or, from a library, holds.

    Raises:
        UsageError: it is none, or one without a class token.
    """
    for model in (backbone, getattr(backbone, "model", None)):
        if has_tokens(model):
            transformer: VisionTransformer = model
            return transformer
    raise UsageError(
        f"{getattr(backbone, 'architecture', type(backbone).__name__)} has no patch tokens that can be masked: "
        "expected a plain vision transformer with a class token. Choose --backbone vit_tiny_8, vit_b_16 or "
        "timm:vit_small_patch16_224."
    )


def patch_side(backbone: nn.Module) -> int:
    """Side in pixels of a transformer's square patches."""
    side, _ = transformer_of(backbone).patch_embed.patch_size
    return int(side)


def token_grid(backbone: nn.Module, image_size: int, *, whole: bool = True) -> int:
    """Patches a side of square images; those of the border are padded where `whole` is not asked for.

    Raises:
        UsageError: the images are no whole number of patches.
    """
    patch = patch_side(backbone)
    if whole and image_size % patch:
        below = max(image_size // patch, 1) * patch
        raise UsageError(
            f"Pixels are restored patch by patch: images of {image_size} pixels are no whole patches of {patch}. "
            f"Choose --set pretrain.image_size={below} or {below + patch}."
        )
    return -(-image_size // patch)


def encode_tokens(
    backbone: nn.Module,
    images: Tensor,
    *,
    keep: Tensor | None = None,
    mask: Tensor | None = None,
    mask_token: nn.Parameter | None = None,
) -> Tensor:
    """Tokens after the final norm; with neither `keep` nor `mask` those of the backbone's own forward pass.

    Args:
        backbone: A backbone with `has_tokens`, or one that holds such a model.
        images: (B, 3, H, H), ImageNet-normalised.
        keep: Places (B, K) of the tokens that take part, prefix tokens counted; all others are left out.
        mask: (B, T) boolean; true where `mask_token` stands for a token, before positions are added.
        mask_token: (1, 1, D); needed with `mask`.

    Returns:
        (B, T, D), or (B, K, D) with `keep`; T counts the class token, which is the first.
    """
    model = transformer_of(backbone)
    scale, shift = getattr(backbone, "pixel_scale", None), getattr(backbone, "pixel_shift", None)
    if scale is not None and shift is not None:
        images = images * scale + shift
    masked = MaskedVisionTransformerTIMM(
        model, mask_token, weight_initialization="skip", pos_embed_initialization="skip"
    )
    tokens: Tensor = masked.encode(images, idx_keep=keep, mask=mask)
    return tokens
