"""Matching an encoder's tensors to a backbone: every name accounted for, nothing missing unless allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from math import isqrt

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from bench.core.errors import StorageError
from bench.models.build import build_backbone
from bench.models.libraries.measuring import without_weights
from bench.models.libraries.names import library_of
from bench.models.specs import BACKBONES
from bench.models.weights.layouts import LAYOUTS, Layout, is_head
from bench.models.weights.patterns import matches, require_used

COUNTER = "num_batches_tracked"
"""Batch norm's counter; it changes no output here, and files of older programs lack it."""


@dataclass(frozen=True)
class Match:
    """What of a file goes into a backbone, and what happened to the rest."""

    backbone: str
    state: dict[str, Tensor]
    """Tensors to load, float32 where floating, in the backbone's shapes; misses only what `missing` names."""
    dropped: dict[str, int]
    """Head -> number of tensors that were left out."""
    missing: list[str]
    """Names that keep their initial values; all of them were allowed."""
    resampled: list[str]
    """Position embeddings that were interpolated to the backbone's grid, with both sizes."""
    zeros: list[str]
    """Names that the file lacks because its encoder has no such part; zeros in `state` have the same effect."""


@cache
def own_shapes(backbone: str) -> Mapping[str, tuple[int, ...]]:
    """Name -> shape of a backbone's state dict, without making its weights."""
    state = without_weights(lambda: build_backbone(backbone).state_dict())
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def layouts_of(backbone: str | None) -> tuple[Layout, ...]:
    """The layouts that a file for a backbone may have: for a library's model its own names before the declared ones."""
    if backbone is None or not library_of(backbone):
        return LAYOUTS
    anchor = max(own_shapes(backbone), key=lambda name: (name.endswith("weight"), name.count("."), name))
    return (Layout(backbone.replace(":", "_"), f"names of {backbone}", anchor), *LAYOUTS)


def recognise_backbone(state: Mapping[str, Tensor]) -> str:
    """The backbone that has the most tensors of this name and shape."""
    return max(BACKBONES, key=lambda name: _agreement(state, name))


def _agreement(state: Mapping[str, Tensor], backbone: str) -> tuple[int, int]:
    """How many tensors a backbone has of this name and shape, and how few of its own are not there."""
    own = own_shapes(backbone)
    return sum(own.get(k) == tuple(v.shape) for k, v in state.items()), -len(own.keys() - state.keys())


def match(
    state: Mapping[str, Tensor],
    backbone: str,
    where: str,
    allow_missing: Sequence[str] = (),
    drop: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> Match:
    """Fit tensors (by own names) to a backbone; patterns are those of `fnmatch`, and `optional` names become zeros.

    Raises:
        UsageError: a pattern matches nothing.
        StorageError: tensors are missing, of another shape, or neither the encoder's nor a known head's.
    """
    own = own_shapes(backbone)
    fitted, dropped, resampled, problems = _fit_all(state, own, drop)
    zeros = [name for name in optional if name in own and name not in state]
    fitted |= {name: torch.zeros(own[name]) for name in zeros}
    absent = [name for name in own if name not in fitted and not name.endswith(COUNTER)]
    missing = [name for name in absent if matches(name, allow_missing)]
    require_used("drop", drop, list(state), (), where)
    require_used("allow_missing", allow_missing, absent, list(own), where)
    shapes = {text.split(" ")[0] for text in problems["of another shape"]}
    problems["missing"] = [name for name in absent if name not in missing and name not in shapes]
    if any(problems.values()):
        best = recognise_backbone(state)
        better = _agreement(state, best) > _agreement(state, backbone) and _agreement(state, best)[0]
        raise StorageError(_explain(where, backbone, problems, len(fitted), best if better else backbone))
    return Match(backbone, fitted, dict(sorted(dropped.items())), missing, resampled, zeros)


Fitted = tuple[dict[str, Tensor], Counter[str], list[str], dict[str, list[str]]]
"""Tensors that fit, number of those left out by head, notes on interpolated ones, and names by what is wrong."""


def _fit_all(state: Mapping[str, Tensor], own: Mapping[str, tuple[int, ...]], drop: Sequence[str]) -> Fitted:
    fitted: dict[str, Tensor] = {}
    dropped: Counter[str] = Counter()
    resampled: list[str] = []
    problems: dict[str, list[str]] = {"missing": [], "of another shape": [], "that this backbone does not have": []}
    for name, tensor in state.items():
        if matches(name, drop) or (name not in own and is_head(name)):
            dropped[name.split(".")[0]] += 1
        elif name not in own:
            problems["that this backbone does not have"].append(name)
        else:
            value, note = _fit(name, tensor, own[name])
            if value is None:
                problems["of another shape"].append(f"{name} {tuple(tensor.shape)} instead of {own[name]}")
            else:
                fitted[name] = value
                resampled += [note] if note else []
    return fitted, dropped, resampled, problems


def _explain(where: str, backbone: str, problems: Mapping[str, list[str]], n_fitted: int, best: str) -> str:
    shown = "; ".join(
        f"{len(names)} tensors {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for what, names in problems.items()
        if names
    )
    other = "" if best == backbone else f"It fits {best} best: name that one (--backbone, or the TOML entry's). "
    n_own = len(own_shapes(backbone))
    return (
        f"{where} does not fit {backbone}: {shown}; {n_fitted} of {n_own} fit. {other}Tensors may be left out or left "
        "as initialised only where a TOML entry says so (drop, allow_missing; docs/weights.md)."
    )


def _fit(name: str, tensor: Tensor, shape: tuple[int, ...]) -> tuple[Tensor | None, str]:
    """The tensor in the wanted shape, or None; and a note where it was interpolated."""
    value = tensor.detach().float() if tensor.is_floating_point() else tensor.detach()
    if tuple(value.shape) == shape:
        return value, ""
    if _bare(value.shape) == _bare(shape):
        return value.reshape(shape), ""
    resized = None
    if name == "pos_embed" and value.shape[-1:] == shape[-1:]:
        resized = _resize_positions(value, shape)
    elif name.endswith(("rel_pos_h", "rel_pos_w")) and value.ndim == 2 and value.shape[1] == shape[1]:
        resized = interpolate(value.mT[None], size=shape[0], mode="linear")[0].mT.contiguous()
    return resized, f"{name} {tuple(value.shape)} -> {shape}"


def _bare(shape: Sequence[int]) -> list[int]:
    return [size for size in shape if size != 1]


def _resize_positions(value: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """Square grids of position embeddings, (1, 1 + N, D) with a class token, (1, N, D) or (1, H, W, D), bicubic."""
    grid = len(shape) == 4
    if grid and value.ndim != 4:
        return None
    tokens = value.reshape(-1, value.shape[-1])
    sizes = (len(tokens), shape[1] * shape[2] if grid else shape[1])
    prefix = 0 if grid else next((p for p in (1, 0) if all(isqrt(n - p) ** 2 == n - p for n in sizes)), 1)
    old, new = (round((n - prefix) ** 0.5) for n in sizes)
    if old * old + prefix != len(tokens):
        return None
    cells = tokens[prefix:].reshape(1, old, old, -1).permute(0, 3, 1, 2)
    cells = interpolate(cells, size=(new, new), mode="bicubic", antialias=True).permute(0, 2, 3, 1).flatten(1, 2)
    return torch.cat([tokens[None, :prefix], cells], dim=1).reshape(shape)


def encoder_hash(state: Mapping[str, Tensor]) -> str:
    """SHA-256 (hex) of names, shapes and values, independent of order."""
    total = sha256()
    for name, tensor in sorted(state.items()):
        if not name.endswith(COUNTER):
            total.update(f"{name}{tuple(tensor.shape)}".encode())
            total.update(tensor.contiguous().numpy().tobytes())
    return total.hexdigest()
