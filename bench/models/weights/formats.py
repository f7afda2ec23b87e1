"""How programs pack an encoder in a checkpoint: in which dict, behind which prefix. The first that fits is taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench.core.errors import StorageError, unknown
from bench.core.escape import one_line
from bench.models.weights.encoder_places import encoder_places, toml_entry
from bench.models.weights.layouts import LAYOUTS, Layout, find_layout, translate

if TYPE_CHECKING:
    from torch import Tensor

Path = tuple[str, ...]


@dataclass(frozen=True)
class Format:
    """One way to pack an encoder."""

    name: str
    summary: str
    containers: tuple[Path, ...]
    """Keys to follow into the nested dicts; () is the file's own dict."""
    prefixes: tuple[str, ...]
    """Prefixes that are stripped, the first that fits; tensors without it are other parts of the checkpoint."""


_ANYWHERE: tuple[Path, ...] = ((), ("state_dict",), ("model",), ("model_state_dict",), ("model_state",))
_LIGHTLY = ("backbone.vit.", "teacher_backbone.", "teacher_backbone.vit.")
"""lightly's masked transformers, and the teacher of its DINO, iBOT and DINOv2."""
_PARTS = ("backbone.", "encoder.", *_LIGHTLY)
_PLAIN = ("", "module.", "model.", "vit.", "dinov2.", *(a + b for b in _PARTS for a in ("", "module.")))
COMPILED = "_orig_mod."
"""What torch.compile puts in the names of a module's tensors, at any place."""
FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        Format("moco", "MoCo v1 and v2: the query encoder", (("state_dict",),), ("module.encoder_q.", "encoder_q.")),
        Format(
            "moco_v3",
            "MoCo v3: the base encoder",
            (("state_dict",), ("model",)),
            ("module.base_encoder.", "base_encoder."),
        ),
        Format(
            "vissl",
            "VISSL: the trunk",
            (("classy_state_dict", "base_model", "model", "trunk"), ("model_state_dict",), ()),
            ("_feature_blocks.", "base_model._feature_blocks.", "trunk.base_model._feature_blocks."),
        ),
        Format("dino_teacher", "DINO training files: the teacher", (("teacher",),), ("backbone.", "module.backbone.")),
        Format(
            "lightning",
            "Lightning checkpoints of lightly and solo-learn: the (online) backbone, of lightly's DINO the teacher",
            (("state_dict",),),
            ("backbone.", "encoder.", "model.backbone.", "model.encoder.", *_LIGHTLY),
        ),
        Format(
            "sam",
            "SAM and MedSAM: the image encoder",
            _ANYWHERE,
            ("image_encoder.", "module.image_encoder.", "sam.image_encoder."),
        ),
        Format(
            "clip",
            "CLIP (OpenAI, open_clip, transformers): the image tower",
            _ANYWHERE,
            ("visual.", "module.visual.", "model.visual.", "vision_model."),
        ),
        Format(
            "plain",
            "a state dict: torchvision, timm, LVM-Med, BarlowTwins, SwAV, VICReg, MAE and most others",
            _ANYWHERE,
            _PLAIN,
        ),
        Format(
            "ema",
            "moving averages of timm and torchvision, where a file has no other weights",
            (("state_dict_ema",), ("model_ema",), ("ema_state_dict",), ("ema",)),
            _PLAIN,
        ),
    )
}  # fmt: skip
HARNESS = "bench"
"""Name of the format of this harness's own checkpoints, which say what they are."""


@dataclass(frozen=True)
class Unpacked:
    """An encoder's tensors by this harness's names, and the rules that led to them."""

    format: str
    layout: Layout
    rules: tuple[str, ...]
    state: Mapping[str, Tensor]
    place: tuple[str, str]
    """The dict it was in, its keys joined by `/`, and the prefix that was stripped."""
    others: Mapping[str, int]
    """Part of the file outside the encoder -> number of its tensors."""


def find_format(name: str) -> Format:
    """Look a format up. Raises `UsageError` with the closest match."""
    if name not in FORMATS:
        raise unknown("format", name, FORMATS, "List them: bench list formats.")
    return FORMATS[name]


def unpack(
    tree: Mapping[str, Any],
    where: str,
    format_name: str | None = None,
    prefix: str | None = None,
    container: str | None = None,
    layouts: Sequence[Layout] = LAYOUTS,
) -> Unpacked:
    """Find the encoder in a file's nested dicts: by the declared formats, by one of them, or behind a given prefix.

    `container` names the dict to look in, its keys joined by `/`; default: those of the formats.
    Names are taken without what torch.compile puts in them, unless `prefix` is given.

    Raises:
        UsageError: an unknown format.
        StorageError: no encoder was found; the message shows the names that are there.
    """
    if prefix is not None:
        chosen = [Format("given prefix", "", _containers(format_name), (prefix,))]
    else:
        chosen = [find_format(format_name)] if format_name else list(FORMATS.values())
    if container is not None:
        chosen = [replace(one, containers=(tuple(filter(None, container.split("/"))),)) for one in chosen]
    for candidate in chosen:
        for place, found in _open(tree, candidate):
            tensors = found if prefix is not None else {k.replace(COMPILED, ""): v for k, v in found.items()}
            for start in candidate.prefixes:
                part = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
                layout = find_layout(part, layouts)
                if layout is not None:
                    compiled = [f"strip {COMPILED}"] if tensors.keys() != found.keys() else []
                    return _unpacked(candidate, place, start, layout, part, tensors, compiled)
    raise StorageError(_nothing_found(tree, where, format_name, prefix, container, layouts))


def _containers(format_name: str | None) -> tuple[Path, ...]:
    return find_format(format_name).containers if format_name else tuple(
        dict.fromkeys(c for f in FORMATS.values() for c in f.containers)
    )  # fmt: skip


def _open(tree: Mapping[str, Any], candidate: Format) -> Iterator[tuple[Path, dict[str, Tensor]]]:
    from torch import Tensor

    for container in candidate.containers:
        node: Any = tree
        for key in container:
            node = node.get(key) if isinstance(node, Mapping) else None
        if isinstance(node, Mapping):
            yield container, {str(k): v for k, v in node.items() if isinstance(v, Tensor)}


def _unpacked(
    found: Format,
    container: Path,
    prefix: str,
    layout: Layout,
    part: dict[str, Tensor],
    tensors: dict[str, Tensor],
    compiled: list[str],
) -> Unpacked:
    rules = [*([f"take {'/'.join(container)}"] if container else []), *compiled]
    rules += [f"strip {prefix}"] if prefix else []
    rules += [f"names of {layout.name}"] if layout.rename else []
    others = Counter(_group(name) for name in tensors if not name.startswith(prefix))
    place = ("/".join(container), prefix)
    return Unpacked(found.name, layout, tuple(rules), translate(part, layout), place, dict(sorted(others.items())))


def _group(name: str) -> str:
    return ".".join(name.split(".")[:2]) if name.startswith("module.") else name.split(".")[0]


def _nothing_found(
    tree: Mapping[str, Any],
    where: str,
    format_name: str | None,
    prefix: str | None,
    container: str | None,
    known: Sequence[Layout],
) -> str:
    from torch import Tensor

    tensors = [k for k, v in tree.items() if isinstance(v, Tensor)]
    dicts = {k: list(v)[:3] for k, v in tree.items() if isinstance(v, Mapping)}
    shown = [f"tensors {', '.join(map(str, tensors[:4]))}, ..."] if tensors else []
    shown += [f"{k!r} with {', '.join(map(str, names))}, ..." for k, names in list(dicts.items())[:4]]
    tried = f"behind the prefix {prefix!r}" if prefix is not None else f"as {format_name or 'any known format'}"
    tried += f" in {container!r}" if container is not None else ""
    layouts = ", ".join(layout.name for layout in known)
    content = one_line("; ".join(shown)) or "no tensors"
    found = f"{one_line(where)}: no encoder was found {tried} (layouts: {layouts}). The file has {content}. "
    places = encoder_places(tree, known)
    if not places:
        return (
            f"{found}No tensors in it have the names of a known layout. Where it is of a model of timm or torchvision, "
            "name that one, as --backbone timm:convnext_tiny; else convert it with the program that wrote it."
        )
    entries = " or ".join(f"{{ {toml_entry(where, *place)} }}" for place in places[:3])
    return f"{found}One is there, though: name it in a TOML file with the line mine = {entries} (docs/weights.md)."
