"""`bench export`: an encoder in the form that other programs load."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
import torchvision
from safetensors.torch import save
from torch import Tensor, nn

from bench.core.errors import StorageError, UsageError, unknown
from bench.core.files import write_atomic
from bench.models.build import build_backbone
from bench.models.checkpoints import save_encoder
from bench.models.libraries.names import library_of
from bench.models.onnx_graph import Embedder, graph_bytes, graph_difference
from bench.models.specs import find_backbone
from bench.models.weights.files import read_weights
from bench.models.weights.layouts import LAYOUTS, is_head
from bench.models.weights.method import LoadedWeights, load_into, load_weights
from bench.models.weights.sources import WeightsEntry, default_name

TIMM_MODELS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "resnet18": ("resnet18", {}),
    "resnet50": ("resnet50", {}),
    "vit_b_16": ("vit_base_patch16_224", {}),
    "vit_tiny_8": ("vit_tiny_patch16_224", {"patch_size": 8, "img_size": 48, "depth": 6}),
    "vit_b_16_clip": ("vit_base_patch16_clip_quickgelu_224", {}),
    "vit_b_16_openclip": ("vit_base_patch16_clip_224", {}),
    "vit_b_14_dinov2": ("vit_base_patch14_dinov2", {}),
}
"""Backbone -> model of timm and its arguments; with num_classes=0 it loads the file strictly."""
TORCHVISION_VIT = (
    (r"^cls_token$", "class_token"),
    (r"^patch_embed\.proj\.", "conv_proj."),
    (r"^pos_embed$", "encoder.pos_embedding"),
    (r"^norm\.", "encoder.ln."),
    (r"^blocks\.(\d+)\.", r"encoder.layers.encoder_layer_\1."),
    (r"\.norm([12])\.", r".ln_\1."),
    (r"\.attn\.qkv\.(weight|bias)$", r".self_attention.in_proj_\1"),
    (r"\.attn\.proj\.", ".self_attention.out_proj."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.fc2\.", ".mlp.3."),
)


@dataclass(frozen=True)
class Exported:
    """A written file, how to load it, and how it was checked."""

    path: Path
    backbone: str
    loading: str
    check: str
    notices: list[str]


def export(
    checkpoint: Path, form: str, output: Path | None = None, image_size: int | None = None, backbone: str | None = None
) -> Exported:
    """Write the encoder of a checkpoint (this harness's or any that `--checkpoint` reads) for another program.

    `image_size` is the input side in pixels that an ONNX file is made for; its batch size is free. `backbone` is that
    of a foreign file; default: the one that it fits best.

    Raises:
        UsageError: an unknown form, no such file, a backbone that the other program does not have, no `onnx`, or an
            image size that the backbone cannot take.
        StorageError: the checkpoint cannot be used, or the file cannot be written or does not give the same output.
    """
    if form not in WRITERS:
        raise unknown("form", form, WRITERS, "See bench export --help.")
    suffix, write = WRITERS[form]
    loaded = load_weights(WeightsEntry(name="export", file=checkpoint), backbone)
    encoder = build_backbone(loaded.match.backbone)
    load_into(encoder, loaded)
    path = output or checkpoint.with_name(f"{default_name(checkpoint)}-{form}{suffix}")
    if path.exists() and path.samefile(checkpoint):
        raise UsageError(f"{path} is the checkpoint itself. Name another file with --output.")
    loading, check = write(path, encoder.eval(), loaded, image_size)
    return Exported(path, loaded.match.backbone, loading, check, loaded.notices)


def to_torchvision(state: Mapping[str, Tensor], backbone: str) -> dict[str, Tensor]:
    """A state dict in torchvision's names, without head. Raises `UsageError` for what torchvision does not have."""
    renames = {"resnet18": (), "resnet50": (), "vit_b_16": TORCHVISION_VIT}
    if library_of(backbone) == "torchvision":
        raise UsageError(
            f"Tensors of {backbone} have torchvision's own names already: use --format safetensors, and in Python "
            "load_state_dict(..., strict=False), which leaves the classifier as it is."
        )
    if backbone not in renames:
        raise UsageError(f"torchvision has no {backbone}; it has {', '.join(renames)}. Use --format timm or onnx.")
    named = renamed(state, renames[backbone])
    with torch.device("meta"):
        wanted = torchvision.models.get_model(backbone, weights=None).state_dict()
    layout = next(la for la in LAYOUTS if la.name == ("torchvision_vit" if renames[backbone] else "torchvision_resnet"))
    assert named.keys() == {k for k in wanted if not is_head(layout.own_name(k))}, backbone
    return named


def renamed(state: Mapping[str, Tensor], rules: Iterable[tuple[str, str]] = TORCHVISION_VIT) -> dict[str, Tensor]:
    """Tensors by another program's names: regular expressions, each applied in order; default: torchvision's ViTs."""
    named = {}
    for name, tensor in state.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        named[name] = tensor
    return named


def _write_torchvision(path: Path, backbone: nn.Module, loaded: LoadedWeights, _side: int | None) -> tuple[str, str]:
    name = loaded.match.backbone
    state = to_torchvision(backbone.state_dict(), name)
    write_atomic(path, lambda file: torch.save(state, file))
    head = "fc" if name.startswith("resnet") else "heads"
    code = f"model = torchvision.models.{name}(); model.{head} = torch.nn.Identity(); "
    return f"{code}model.load_state_dict(torch.load({path.name!r}))", "names equal torchvision's"


def _write_timm(path: Path, backbone: nn.Module, loaded: LoadedWeights, _side: int | None) -> tuple[str, str]:
    name = loaded.match.backbone
    if library_of(name) == "timm":
        return _write_timm_model(path, backbone, name.partition(":")[2], {})
    if name not in TIMM_MODELS:
        raise UsageError(
            f"torchvision builds {name}, not timm: use --format safetensors or onnx."
            if library_of(name)
            else f"timm's model for {name} has a neck that this encoder leaves out, so timm cannot load it strictly. "
            "Use --format safetensors or onnx."
        )
    return _write_timm_model(path, backbone, *TIMM_MODELS[name])


def _write_timm_model(path: Path, backbone: nn.Module, model: str, arguments: Mapping[str, int]) -> tuple[str, str]:
    import timm

    with torch.device("meta"):
        wanted = timm.create_model(model, num_classes=0, **arguments).state_dict()
    state = {k: v.contiguous() for k, v in backbone.state_dict().items()}
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in wanted.items()}, model
    write_atomic(path, lambda file: file.write(save(state, {"format": "pt", "timm_model": model})))
    shown = "".join(f", {k}={v}" for k, v in arguments.items())
    code = f"timm.create_model({model!r}, num_classes=0{shown}, checkpoint_path={path.name!r})"
    return code, "names and shapes equal timm's"


def _write_safetensors(path: Path, backbone: nn.Module, loaded: LoadedWeights, _side: int | None) -> tuple[str, str]:
    _, provenance = read_weights(loaded.entry.file)
    origin = {"backbone": loaded.match.backbone, "exported_from": loaded.record.model_dump(mode="json")}
    save_encoder(path, backbone, {**provenance, **origin})
    return f"safetensors.torch.load_file({path.name!r}), or --checkpoint {path.name}", "written from the loaded encoder"


def _write_onnx(path: Path, backbone: nn.Module, loaded: LoadedWeights, image_size: int | None) -> tuple[str, str]:
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise UsageError(f"ONNX files need {', '.join(missing)}: pip install 'medical-ssl-bench[export]'.")
    side = image_size or find_backbone(loaded.match.backbone).side or _default_side(loaded.match.backbone)
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    model = Embedder(backbone).eval()
    with torch.inference_mode():
        model(images)  # an encoder that does not take this size says so here, not inside the exporter
    data = graph_bytes(model, images)
    difference = graph_difference(data, model, images)
    if difference > 1e-3:
        raise StorageError(
            f"The ONNX graph differs from the encoder by {difference:.2g} (relative); nothing was written."
        )
    write_atomic(path, lambda file: file.write(data))
    loading = f"onnxruntime.InferenceSession({path.name!r}): images (B, 3, {side}, {side}) -> embedding, feature_map"
    return loading, f"onnxruntime agrees with torch to {difference:.1g} (relative)"


def _default_side(backbone: str) -> int:
    return 48 if backbone == "vit_tiny_8" else 224


Writer = Callable[[Path, nn.Module, LoadedWeights, int | None], tuple[str, str]]
WRITERS: Mapping[str, tuple[str, Writer]] = {
    "torchvision": (".pth", _write_torchvision),
    "timm": (".safetensors", _write_timm),
    "safetensors": (".safetensors", _write_safetensors),
    "onnx": (".onnx", _write_onnx),
}
