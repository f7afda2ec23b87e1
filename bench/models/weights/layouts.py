"""How programs name the tensors of an encoder, and the rules that translate them to this harness's own names.

Own names are torchvision's for ResNets and timm's for transformers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

HEADS = (
    r"(?:fc|head|heads|head_dist|pre_logits|classifier|linear_classifier|online_classifier|linear)\.",
    r"(?:projection_head|projector|projection|predictor|prediction_head|prototypes\w*|pooler|neck)\.",
    r"(?:proj|mask_token|decoder\w*|dino_head|ibot_head|logit_scale|embeddings\.(?:position_ids|mask_token))(?:\.|$)",
)
"""Names after the translation that belong to a head; they are dropped, and the record counts them."""


@dataclass(frozen=True)
class Layout:
    """One way to name an encoder's tensors."""

    name: str
    summary: str
    anchor: str
    """A name that every encoder of this layout has, and none of the layouts before it."""
    rename: tuple[tuple[str, str], ...] = ()
    """Regular expression -> replacement, applied in order to every name."""
    optional: tuple[str, ...] = ()
    """Own names that are absent where the encoder was built without them; zeros then have the same effect."""

    def own_name(self, name: str) -> str:
        """This harness's name of a tensor."""
        for pattern, replacement in self.rename:
            name = re.sub(pattern, replacement, name)
        return name


_TORCHVISION_VIT = (
    (r"^class_token$", "cls_token"),
    (r"^conv_proj\.", "patch_embed.proj."),
    (r"^encoder\.pos_embedding$", "pos_embed"),
    (r"^encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
    (r"\.ln_([12])\.", r".norm\1."),
    (r"\.self_attention\.in_proj_(weight|bias)$", r".attn.qkv.\1"),
    (r"\.self_attention\.out_proj\.", ".attn.proj."),
    (r"\.mlp\.(?:linear_1|0)\.", ".mlp.fc1."),
    (r"\.mlp\.(?:linear_2|3)\.", ".mlp.fc2."),
    (r"^encoder\.ln\.", "norm."),
)
_CLIP = (
    (r"^class_embedding$", "cls_token"),
    (r"^positional_embedding$", "pos_embed"),
    (r"^conv1\.", "patch_embed.proj."),
    (r"^ln_pre\.", "norm_pre."),
    (r"^ln_post\.", "norm."),
    (r"^transformer\.resblocks\.", "blocks."),
    (r"\.ln_([12])\.", r".norm\1."),
    (r"\.attn\.in_proj_(weight|bias)$", r".attn.qkv.\1"),
    (r"\.attn\.out_proj\.", ".attn.proj."),
    (r"\.mlp\.c_fc\.", ".mlp.fc1."),
    (r"\.mlp\.c_proj\.", ".mlp.fc2."),
)
_HUGGING_FACE_CLIP = (
    (r"^embeddings\.class_embedding$", "cls_token"),
    (r"^embeddings\.position_embedding\.weight$", "pos_embed"),
    (r"^embeddings\.patch_embedding\.", "patch_embed.proj."),
    (r"^pre_layrnorm\.", "norm_pre."),
    (r"^post_layernorm\.", "norm."),
    (r"^encoder\.layers\.", "blocks."),
    (r"\.layer_norm([12])\.", r".norm\1."),
    (r"\.self_attn\.([qkv])_proj\.", r".attn.\1."),
    (r"\.self_attn\.out_proj\.", ".attn.proj."),
)
_HUGGING_FACE_VIT = (
    (r"^embeddings\.cls_token$", "cls_token"),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.attention\.attention\.(q)uery\.", r".attn.\1."),
    (r"\.attention\.attention\.(k)ey\.", r".attn.\1."),
    (r"\.attention\.attention\.(v)alue\.", r".attn.\1."),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"^(blocks\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
    (r"^layernorm\.", "norm."),
)
OPTIONAL = {"pos_embed": "absolute positions"}
"""Own name -> what a SAM encoder may have been built without (`use_abs_pos=False`, as LVM-Med's ViT)."""
_SEQUENTIAL = (
    (r"^0\.", "conv1."),
    (r"^1\.", "bn1."),
    *((rf"^{number}\.", f"layer{number - 3}.") for number in (4, 5, 6, 7)),
    (r"^9\.", "fc."),
)
LAYOUTS = (
    Layout("torchvision_resnet", "ResNets of torchvision and timm", "layer1.0.conv1.weight"),
    Layout(
        "sequential_resnet",
        "a torchvision ResNet's children in a Sequential: 0 conv1, 1 bn1, 4 to 7 layer1 to layer4",
        "4.0.conv1.weight",
        _SEQUENTIAL,
    ),
    Layout(
        "sam",
        "the image encoder of segment-anything",
        "blocks.0.attn.rel_pos_h",
        ((r"\.mlp\.lin([12])\.", r".mlp.fc\1."),),
        optional=tuple(OPTIONAL),
    ),
    Layout("timm_vit", "ViTs of timm, DINO, DINOv2, MAE, MoCo v3", "blocks.0.attn.qkv.weight"),
    Layout(
        "chunked_vit",
        "DINOv2's training files, whose blocks are in chunks",
        "blocks.0.0.attn.qkv.weight",
        ((r"^blocks\.\d+\.(\d+)\.", r"blocks.\1."),),
    ),
    Layout(
        "torchvision_vit",
        "ViTs of torchvision",
        "encoder.layers.encoder_layer_0.self_attention.in_proj_weight",
        _TORCHVISION_VIT,
    ),
    Layout(
        "clip", "the image tower of CLIP and open_clip", "transformer.resblocks.0.attn.in_proj_weight", _CLIP
    ),
    Layout(
        "hugging_face_clip", "the vision model of transformers' CLIP", "encoder.layers.0.self_attn.q_proj.weight",
        _HUGGING_FACE_CLIP,
    ),
    Layout(
        "hugging_face_vit", "transformers' ViT, DINO and DINOv2", "encoder.layer.0.attention.attention.query.weight",
        _HUGGING_FACE_VIT,
    ),
)  # fmt: skip


def find_layout(state: Mapping[str, Tensor], layouts: Sequence[Layout] = LAYOUTS) -> Layout | None:
    """The layout whose anchor is among the names, if any."""
    return next((layout for layout in layouts if layout.anchor in state), None)


def translate(state: Mapping[str, Tensor], layout: Layout) -> dict[str, Tensor]:
    """Tensors by this harness's names; separate query, key and value projections are stacked to one."""
    import torch

    named = {layout.own_name(name): tensor for name, tensor in state.items()}
    for query in [name for name in named if re.search(r"\.attn\.q\.(?:weight|bias)$", name)]:
        attention, _, kind = query.rsplit(".", 2)
        parts = [f"{attention}.{part}.{kind}" for part in "qkv"]
        if all(part in named for part in parts):
            named[f"{attention}.qkv.{kind}"] = torch.cat([named.pop(part) for part in parts])
    return named


def is_head(name: str) -> bool:
    """Whether a tensor (by its own name) belongs to a head of a known sort."""
    return any(re.match(pattern, name) for pattern in HEADS)
