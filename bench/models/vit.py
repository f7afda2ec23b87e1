"""Vision transformers of timm as backbones: maps from four depths and a pooled embedding. Keys are timm's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from lightly.transforms.utils import IMAGENET_NORMALIZE
from timm.layers import LayerNorm
from timm.models.vision_transformer import VisionTransformer
from timm.models.vision_transformer_sam import VisionTransformerSAM
from torch import Tensor, nn

from bench.core.errors import UsageError
from bench.core.kind import Features
from bench.models.specs import BackboneSpec, VisionTransformerShape

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
"""Normalisation of RGB in [0, 1] that CLIP was trained with (Radford et al. 2021, released code)."""


class ViTBackbone(VisionTransformer):
    """A ViT (Dosovitskiy et al. 2021) without its classifier; any input size (H and W are padded to whole patches).

    The four maps are the patch tokens after each quarter of the blocks, all at the patch stride; the last one, and the
    class token that is the embedding, went through the final norm. Position embeddings are interpolated bicubically.
    """

    pixel_scale: Tensor | None
    pixel_shift: Tensor | None

    def __init__(self, spec: BackboneSpec) -> None:
        shape = _shape(spec)
        variant: dict[str, Any] = {"init_values": 1e-5} if shape.layer_scale else {}
        if shape.clip:
            variant |= {"pre_norm": True, "norm_layer": partial(LayerNorm, eps=1e-5)}
        if shape.quick_gelu:
            variant["act_layer"] = "quick_gelu"
        super().__init__(
            img_size=shape.image_size,
            patch_size=shape.patch_size,
            embed_dim=spec.channels[-1],
            depth=shape.depth,
            num_heads=shape.heads,
            num_classes=0,
            dynamic_img_size=True,
            dynamic_img_pad=True,
            **variant,
        )
        _declare(self, spec)
        self.taps = _quarters(shape.depth)
        scale, shift = _renormalisation() if shape.clip else (None, None)
        self.register_buffer("pixel_scale", scale, persistent=False)
        self.register_buffer("pixel_shift", shift, persistent=False)

    def forward(self, images: Tensor) -> Features:
        """ImageNet-normalised images (B, 3, H, W) -> maps 4 x (B, D, H / patch, W / patch) and pooled (B, D)."""
        if self.pixel_scale is not None and self.pixel_shift is not None:
            images = images * self.pixel_scale + self.pixel_shift
        tokens, maps = self.forward_intermediates(images, indices=self.taps)  # (B, 1 + N, D), 4 x (B, D, h, w)
        patches = tokens[:, self.num_prefix_tokens :].mT.unflatten(2, maps[-1].shape[-2:])
        return Features([*maps[:-1], patches], tokens[:, 0])


class SAMBackbone(VisionTransformerSAM):
    """The image encoder of SAM (Kirillov et al. 2023) without its neck; any input size (H and W: multiples of 16).

    Blocks attend in windows of 14 x 14 patches, all but four, whose outputs are the maps. There is neither a class
    token nor a final norm: the embedding is the mean of the last map.
    """

    def __init__(self, spec: BackboneSpec) -> None:
        shape = _shape(spec)
        super().__init__(
            img_size=shape.image_size,
            patch_size=shape.patch_size,
            embed_dim=spec.channels[-1],
            depth=shape.depth,
            num_heads=shape.heads,
            num_classes=0,
            neck_chans=0,
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=14,
            global_attn_indexes=tuple(_quarters(shape.depth)),
        )
        self.neck, self.head = nn.Identity(), nn.Identity()
        _declare(self, spec)
        self.label, self.strides = spec.name, spec.strides
        self.taps = _quarters(shape.depth)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, images: Tensor) -> Features:
        """ImageNet-normalised images (B, 3, H, W) -> maps 4 x (B, D, H / 16, W / 16) and pooled (B, D)."""
        self._require_size(images.shape[2], images.shape[3])
        maps = self.forward_intermediates(images, indices=self.taps, intermediates_only=True)
        return Features(maps, maps[-1].mean(dim=(2, 3)))

    def _require_size(self, height: int, width: int) -> None:
        """Raise `UsageError` unless both sides are whole patches: windows and relative positions leave no padding."""
        patch = self.strides[0]
        odd = next((side for side in (height, width) if side % patch), None)
        if odd is not None:
            below = max(odd // patch, 1) * patch
            raise UsageError(
                f"{self.label} takes images whose sides are multiples of {patch} pixels; found {height} x {width}. "
                f"Choose {below} or {below + patch}: --set task.image_size=..., in a pretraining --set "
                "pretrain.image_size=... and a method's own crops, in an ONNX export --image-size."
            )


def _shape(spec: BackboneSpec) -> VisionTransformerShape:
    assert spec.transformer is not None, spec.name
    return spec.transformer


def _declare(backbone: Any, spec: BackboneSpec) -> None:
    backbone.architecture = spec.name
    backbone.channels, backbone.strides = spec.channels, spec.strides
    backbone.embedding_dim = spec.channels[-1]
    backbone.stem_channels = 0


def _quarters(depth: int) -> list[int]:
    """Indices of the blocks that end each quarter of the depth: 12 -> 2, 5, 8, 11."""
    return [round(depth * quarter / 4) - 1 for quarter in (1, 2, 3, 4)]


def _renormalisation() -> tuple[Tensor, Tensor]:
    """Scale and shift (3, 1, 1) from ImageNet-normalised pixels to CLIP's normalisation."""

    def column(values: Sequence[float]) -> Tensor:
        return torch.tensor(values)[:, None, None]

    mean, std = column(IMAGENET_NORMALIZE["mean"]), column(IMAGENET_NORMALIZE["std"])
    return std / column(CLIP_STD), (mean - column(CLIP_MEAN)) / column(CLIP_STD)
