"""Names and shapes of encoders as the programs that released them have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import timm
import torch
import torchvision
from torch import Tensor


def filled(shapes: Mapping[str, Any], start: int = 1) -> dict[str, Tensor]:
    """Tensors of the wanted shapes, each with one number of its own, stored once."""
    numbers = count(start)
    return {
        k: torch.full((1,), next(numbers) / 1000).expand(tuple(s)) if s else torch.tensor(7) for k, s in shapes.items()
    }


def shapes_of(build: Callable[[], torch.nn.Module]) -> dict[str, Any]:
    with torch.device("meta"):
        return {k: tuple(v.shape) for k, v in build().state_dict().items()}


def prefixed(state: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {prefix + k: v for k, v in state.items()}


def torchvision_shapes(name: str) -> dict[str, Any]:
    return shapes_of(lambda: torchvision.models.get_model(name, weights=None))


def timm_shapes(name: str, **arguments: Any) -> dict[str, Any]:
    return shapes_of(lambda: timm.create_model(name, **arguments))


def sequential(state: Mapping[str, Any]) -> dict[str, Any]:
    """A ResNet as `nn.Sequential(*list(resnet.children())[:-1])` names it."""
    numbers = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
    parts = {k: k.partition(".") for k in state if not k.startswith("fc.")}
    return {f"{numbers[first]}.{rest}": state[k] for k, (first, _, rest) in parts.items()}


def sam_encoder() -> dict[str, Any]:
    shapes = timm_shapes("samvit_base_patch16", num_classes=0)
    return {k.replace("mlp.fc", "mlp.lin"): s for k, s in shapes.items()}


def clip_tower() -> dict[str, Any]:
    """OpenAI's names (model.py of the released code), ViT-B/16."""
    d = 768
    block = {
        "ln_1.weight": (d,), "ln_1.bias": (d,), "attn.in_proj_weight": (3 * d, d), "attn.in_proj_bias": (3 * d,),
        "attn.out_proj.weight": (d, d), "attn.out_proj.bias": (d,), "ln_2.weight": (d,), "ln_2.bias": (d,),
        "mlp.c_fc.weight": (4 * d, d), "mlp.c_fc.bias": (4 * d,), "mlp.c_proj.weight": (d, 4 * d),
        "mlp.c_proj.bias": (d,),
    }  # fmt: skip
    rest = {
        "class_embedding": (d,), "positional_embedding": (197, d), "proj": (d, 512), "conv1.weight": (d, 3, 16, 16),
        "ln_pre.weight": (d,), "ln_pre.bias": (d,), "ln_post.weight": (d,), "ln_post.bias": (d,),
    }  # fmt: skip
    return rest | {f"transformer.resblocks.{i}.{k}": s for i in range(12) for k, s in block.items()}


def hugging_face_vit(start: str = "") -> dict[str, Any]:
    """Names of transformers' ViTModel, ViT-B/16."""
    d = 768
    block = {f"attention.attention.{n}.{k}": s for n in ("query", "key", "value") for k, s in linear(d, d).items()}
    block |= prefixed(linear(d, d), "attention.output.dense.") | prefixed(linear(d, 4 * d), "intermediate.dense.")
    block |= prefixed(linear(4 * d, d), "output.dense.") | {
        f"layernorm_{n}.{k}": (d,) for n in ("before", "after") for k in ("weight", "bias")
    }
    rest = {
        "embeddings.cls_token": (1, 1, d), "embeddings.position_embeddings": (1, 197, d),
        "embeddings.patch_embeddings.projection.weight": (d, 3, 16, 16),
        "embeddings.patch_embeddings.projection.bias": (d,), "layernorm.weight": (d,), "layernorm.bias": (d,),
        "pooler.dense.weight": (d, d), "pooler.dense.bias": (d,),
    }  # fmt: skip
    whole = rest | {f"encoder.layer.{i}.{k}": s for i in range(12) for k, s in block.items()}
    return prefixed(whole, start)


def linear(inputs: int, outputs: int) -> dict[str, Any]:
    return {"weight": (outputs, inputs), "bias": (outputs,)}


def hugging_face_dinov2() -> dict[str, Any]:
    """Names of transformers' Dinov2Model, ViT-B/14 at 518 px."""
    d = 768
    block = {f"attention.attention.{n}.{k}": s for n in ("query", "key", "value") for k, s in linear(d, d).items()}
    block |= prefixed(linear(d, d), "attention.output.dense.") | prefixed(linear(d, 4 * d), "mlp.fc1.")
    block |= prefixed(linear(4 * d, d), "mlp.fc2.") | {f"layer_scale{n}.lambda1": (d,) for n in (1, 2)}
    block |= {f"norm{n}.{k}": (d,) for n in (1, 2) for k in ("weight", "bias")}
    rest = {
        "embeddings.cls_token": (1, 1, d), "embeddings.mask_token": (1, d),
        "embeddings.position_embeddings": (1, 1370, d),
        "embeddings.patch_embeddings.projection.weight": (d, 3, 14, 14),
        "embeddings.patch_embeddings.projection.bias": (d,), "layernorm.weight": (d,), "layernorm.bias": (d,),
    }  # fmt: skip
    return rest | {f"encoder.layer.{i}.{k}": s for i in range(12) for k, s in block.items()}


def hugging_face_clip() -> dict[str, Any]:
    """Names of transformers' CLIPModel, ViT-B/16, with a piece of its text model."""
    d = 768
    block = {f"self_attn.{n}_proj.{k}": s for n in "qkv" for k, s in linear(d, d).items()}
    block |= prefixed(linear(d, d), "self_attn.out_proj.") | prefixed(linear(d, 4 * d), "mlp.fc1.")
    block |= prefixed(linear(4 * d, d), "mlp.fc2.")
    block |= {f"layer_norm{n}.{k}": (d,) for n in (1, 2) for k in ("weight", "bias")}
    vision = {
        "embeddings.class_embedding": (d,), "embeddings.position_ids": (1, 197),
        "embeddings.position_embedding.weight": (197, d), "embeddings.patch_embedding.weight": (d, 3, 16, 16),
        **{f"{n}.{k}": (d,) for n in ("pre_layrnorm", "post_layernorm") for k in ("weight", "bias")},
    }  # fmt: skip
    vision |= {f"encoder.layers.{i}.{k}": s for i in range(12) for k, s in block.items()}
    text = {"text_model.encoder.layers.0.self_attn.q_proj.weight": (512, 512), "logit_scale": ()}
    return text | {"visual_projection.weight": (512, d)} | prefixed(vision, "vision_model.")


def open_clip() -> dict[str, Any]:
    """Names of open_clip's CLIP, ViT-B-16: the text transformer stands beside the image tower, at the top."""
    text = {
        "positional_embedding": (77, 512), "text_projection": (512, 512), "logit_scale": (),
        "transformer.resblocks.0.attn.in_proj_weight": (1536, 512), "token_embedding.weight": (49408, 512),
        "ln_final.weight": (512,),
    }  # fmt: skip
    return text | prefixed(clip_tower(), "visual.")
