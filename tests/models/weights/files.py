"""Weight files with the names and shapes of released ones, made from the libraries they came from, a few bytes each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import timm
import torch
from lightly.models.modules import MaskedVisionTransformerTIMM

from tests.models.weights.names import (
    clip_tower,
    filled,
    hugging_face_clip,
    hugging_face_dinov2,
    hugging_face_vit,
    open_clip,
    prefixed,
    sam_encoder,
    sequential,
    timm_shapes,
    torchvision_shapes,
)

Tree = dict[str, Any]


def _vissl() -> Tree:
    trunk = prefixed(filled(torchvision_shapes("resnet50")), "_feature_blocks.")
    return {"classy_state_dict": {"base_model": {"model": {"trunk": trunk, "heads": {"0.clf.weight": torch.zeros(2)}}}}}


def _moco() -> Tree:
    encoder = filled(torchvision_shapes("resnet50"))
    other = prefixed(filled(torchvision_shapes("resnet50"), 9), "module.encoder_k.")
    state = {**other, "module.queue": torch.zeros(2, 2), **prefixed(encoder, "module.encoder_q.")}
    return {"epoch": 800, "arch": "resnet50", "state_dict": state, "optimizer": {"state": {}}}


def _solo_learn() -> Tree:
    encoder = {k: s for k, s in torchvision_shapes("resnet18").items() if not k.startswith("fc.")}
    momentum = prefixed(filled(encoder, 5), "momentum_backbone.")
    heads = {"projector.0.weight": torch.zeros(2, 2), "classifier.weight": torch.zeros(2, 2)}
    return {"state_dict": {**momentum, **prefixed(filled(encoder), "backbone."), **heads}, "epoch": 3}


def _lightly() -> Tree:
    state = filled(sequential(torchvision_shapes("resnet18")))
    return {"state_dict": {**prefixed(state, "backbone."), "projection_head.layers.0.weight": torch.zeros(2, 2)}}


def _lightly_dino() -> Tree:
    """lightly's DINO (docs/source/examples): teacher and student, each with a head."""
    state = sequential(torchvision_shapes("resnet18"))
    student, teacher = prefixed(filled(state, 5), "student_backbone."), prefixed(filled(state), "teacher_backbone.")
    heads = {f"{who}_head.layers.0.weight": torch.zeros(2, 2) for who in ("student", "teacher")}
    return {"state_dict": {**student, **heads, **teacher}, "epoch": 3}


def lightly_masked(start: str, first: int = 1) -> dict[str, Any]:
    """lightly's own wrapper of a timm transformer (MAE, iBOT, DINOv2)."""
    with torch.device("meta"):
        vit = timm.create_model("vit_base_patch16_224", num_classes=0)
        wrapped = MaskedVisionTransformerTIMM(vit, weight_initialization="skip", pos_embed_initialization="skip")
    return prefixed(filled({k: tuple(v.shape) for k, v in wrapped.state_dict().items()}, first), start)


def _lightly_mae() -> Tree:
    decoder = {"decoder.decoder_embed.weight": torch.zeros(2, 2), "decoder.mask_token": torch.zeros(1, 1, 2)}
    return {"state_dict": {**decoder, **lightly_masked("backbone.", 0)}, "epoch": 3}


def _lightly_ibot() -> Tree:
    heads = {"teacher_head.layers.0.weight": torch.zeros(2, 2)}
    return {"state_dict": {**lightly_masked("student_backbone.", 5), **lightly_masked("teacher_backbone.", 0), **heads}}


def _sam() -> Tree:
    others = {"prompt_encoder.not_a_point_embed.weight": (1, 256), "mask_decoder.iou_token.weight": (1, 256)}
    return prefixed(filled(sam_encoder()), "image_encoder.") | filled(others)


def _lvmmed_vit() -> Tree:
    """Its authors built it with `use_abs_pos=False` (segment_anything/our_vit.py of their code)."""
    return filled({k: s for k, s in sam_encoder().items() if k != "pos_embed"})


def _dino_training() -> Tree:
    encoder = filled(timm_shapes("vit_base_patch16_224", num_classes=0))
    head = {"head.mlp.0.weight": torch.zeros(2, 2), "head.last_layer.weight_g": torch.zeros(2)}
    student = prefixed(filled(timm_shapes("vit_base_patch16_224", num_classes=0), 5), "module.backbone.")
    return {"student": student, "teacher": {**prefixed(encoder, "backbone."), **head}, "epoch": 100}


def dino_training_with_arguments(extra: Any) -> Tree:
    """What DINO's main_dino.py saves: beside the weights an optimiser and the parsed `args`."""
    return {**_dino_training(), "optimizer": {"state": {}, "param_groups": []}, "epoch": 100, "args": extra}


def _mae() -> Tree:
    others = {"mask_token": (1, 1, 512), "decoder_embed.weight": (512, 768), "decoder_blocks.0.norm1.weight": (512,)}
    return {"model": filled(timm_shapes("vit_base_patch16_224", num_classes=0) | others)}


def _moco_v3() -> Tree:
    encoder = timm_shapes("vit_base_patch16_224", num_classes=0) | {"head.0.weight": (4096, 768)}
    return {
        "state_dict": prefixed(filled(encoder), "module.base_encoder.") | {"module.predictor.0.weight": torch.zeros(2)}
    }


def _dinov2_training() -> Tree:
    """DINOv2's training files: blocks in chunks (`BlockChunk`), with their place in the whole encoder."""
    named = filled(timm_shapes("vit_base_patch14_dinov2", num_classes=0) | {"mask_token": (1, 768)})
    chunked = {re.sub(r"^blocks\.(\d+)", lambda m: f"blocks.{int(m[1]) // 3}.{m[1]}", k): v for k, v in named.items()}
    return {"teacher": prefixed(chunked, "backbone.") | {"dino_head.mlp.0.weight": torch.zeros(2, 2)}}


def _timm_ema() -> Tree:
    return {"state_dict_ema": prefixed(filled(timm_shapes("resnet50")), "module."), "epoch": 9}


_RESNET = "torchvision_resnet"
Made = tuple[Callable[[], Tree], str, str, str, set[str]]
RELEASED: Mapping[str, Made] = {
    "torchvision_r18.pth": (lambda: filled(torchvision_shapes("resnet18")), "plain", _RESNET, "resnet18", {"fc"}),
    "lvmmed_resnet.torch": (lambda: filled(torchvision_shapes("resnet50")), "plain", _RESNET, "resnet50", {"fc"}),
    "timm_r50.pth": (lambda: filled(timm_shapes("resnet50")), "plain", _RESNET, "resnet50", {"fc"}),
    "moco_v2.pth.tar": (_moco, "moco", _RESNET, "resnet50", {"fc"}),
    "vissl.torch": (_vissl, "vissl", _RESNET, "resnet50", {"fc"}),
    "solo_learn.ckpt": (_solo_learn, "lightning", _RESNET, "resnet18", set()),
    "lightly.ckpt": (_lightly, "lightning", "sequential_resnet", "resnet18", set()),
    "lightly_dino.ckpt": (_lightly_dino, "lightning", "sequential_resnet", "resnet18", set()),
    "lightly_dino.pt": (lambda: _lightly_dino()["state_dict"], "plain", "sequential_resnet", "resnet18", set()),
    "lightly_mae.ckpt": (_lightly_mae, "lightning", "timm_vit", "vit_b_16", set()),
    "lightly_ibot.ckpt": (_lightly_ibot, "lightning", "timm_vit", "vit_b_16", set()),
    "vit_b_16.pth": (lambda: filled(torchvision_shapes("vit_b_16")), "plain", "torchvision_vit", "vit_b_16", {"heads"}),
    "timm_vit.pth": (lambda: filled(timm_shapes("vit_base_patch16_224")), "plain", "timm_vit", "vit_b_16", {"head"}),
    "dino_training.pth": (_dino_training, "dino_teacher", "timm_vit", "vit_b_16", set()),
    "mae.pth": (_mae, "plain", "timm_vit", "vit_b_16", {"mask_token", "decoder_embed", "decoder_blocks"}),
    "moco_v3.pth.tar": (_moco_v3, "moco_v3", "timm_vit", "vit_b_16", {"head"}),
    "dinov2.pth": (
        lambda: filled(timm_shapes("vit_base_patch14_dinov2", num_classes=0) | {"mask_token": (1, 768)}),
        "plain", "timm_vit", "vit_b_14_dinov2", {"mask_token"},
    ),
    "dinov2_training.pth": (_dinov2_training, "dino_teacher", "chunked_vit", "vit_b_14_dinov2", {"mask_token"}),
    "timm_ema.pth.tar": (_timm_ema, "ema", _RESNET, "resnet50", {"fc"}),
    "clip.pt": (lambda: prefixed(filled(clip_tower()), "visual.") | {"logit_scale": torch.tensor(1.0)},
                "clip", "clip", "vit_b_16_clip", {"proj"}),
    "open_clip_pytorch_model.bin": (lambda: filled(open_clip()), "clip", "clip", "vit_b_16_clip", {"proj"}),
    "hf_clip.bin": (
        lambda: filled(hugging_face_clip()), "clip", "hugging_face_clip", "vit_b_16_clip", {"embeddings"},
    ),
    "hf_dinov2.bin": (
        lambda: filled(hugging_face_dinov2()), "plain", "hugging_face_vit", "vit_b_14_dinov2", {"embeddings"},
    ),
    "timm_clip.pth": (
        lambda: filled(timm_shapes("vit_base_patch16_clip_224")), "plain", "timm_vit", "vit_b_16_clip", {"head"},
    ),
    "timm_r18.safetensors": (lambda: filled(timm_shapes("resnet18")), "plain", _RESNET, "resnet18", {"fc"}),
    "hf_vit.bin": (lambda: filled(hugging_face_vit("vit.")), "plain", "hugging_face_vit", "vit_b_16", {"pooler"}),
    "sam_vit_b.pth": (_sam, "sam", "sam", "vit_b_16_sam", {"neck"}),
    "lvmmed_vit.pth": (_lvmmed_vit, "plain", "sam", "vit_b_16_sam", {"neck"}),
}  # fmt: skip
"""File -> what makes it, and what must be recognised: format, layout, backbone, heads dropped."""
