"""Weight files with the names and shapes of released ones, made from the libraries they came from, a few bytes each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import timm
import torch
import torchvision
from lightly.models.modules import MaskedVisionTransformerTIMM
from torch import Tensor

Tree = dict[str, Any]


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
    "clip.pt": (lambda: prefixed(filled(clip_tower()), "visual.") | {"logit_scale": torch.tensor(1.0)},
                "clip", "clip", "vit_b_16_clip", {"proj"}),
    "hf_vit.bin": (lambda: filled(hugging_face_vit("vit.")), "plain", "hugging_face_vit", "vit_b_16", {"pooler"}),
    "sam_vit_b.pth": (_sam, "sam", "sam", "vit_b_16_sam", {"neck"}),
    "lvmmed_vit.pth": (_lvmmed_vit, "plain", "sam", "vit_b_16_sam", {"neck"}),
}  # fmt: skip
"""File -> what makes it, and what must be recognised: format, layout, backbone, heads dropped."""
