"""Encoder checkpoints: safetensors with provenance inside. Loading names every key that does not match."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import save
from torch import Tensor, nn

from bench.core.console import Report
from bench.core.errors import StorageError
from bench.core.escape import one_line
from bench.core.files import write_atomic
from bench.core.reading import Unusable, json_of, reading, require_memory, require_regular

FORMAT = "bench-encoder-1"
ENCODER_FILE = "encoder.safetensors"


def save_encoder(path: Path, encoder: nn.Module, provenance: Mapping[str, Any]) -> None:
    """Write an encoder's state dict and where it comes from. Raises `StorageError` on a failed write."""
    state = {k: v.detach().cpu().contiguous() for k, v in encoder.state_dict().items()}
    metadata = {"format": FORMAT, "provenance": json.dumps(dict(provenance), sort_keys=True)}
    metadata["digest"] = content_digest(state, metadata["provenance"])
    write_atomic(path, lambda file: file.write(save(state, metadata)))


def fingerprint_weights(encoder: nn.Module) -> str:
    """SHA-256 (hex) of an encoder's state dict: names, types, shapes and values."""
    return _fingerprint({k: v.detach().cpu().contiguous() for k, v in encoder.state_dict().items()})


def _fingerprint(state: Mapping[str, Tensor]) -> str:
    return hashlib.sha256(save(dict(state))).hexdigest()


def content_digest(state: Mapping[str, Tensor], provenance: str) -> str:
    """Of all that a checkpoint holds."""
    return hashlib.sha256(f"{_fingerprint(state)} {provenance}".encode()).hexdigest()


class DamagedError(StorageError):
    """A checkpoint can be opened, and is not what was written."""


def read_encoder(path: Path, advice: str = "Delete it to pretrain again.") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors of a checkpoint, and what it says about itself.

    Raises:
        DamagedError: its content is not that which was written.
        StorageError: it cannot be opened, does not fit into the memory, or is of another program.
    """
    with reading(path, advice, StorageError):
        require_regular(path)
        require_memory(_COPIES * path.stat().st_size)
        path.open("rb").close()
    what = "is not a readable checkpoint"
    with reading(path, advice, DamagedError, what=what), safetensors.safe_open(str(path), framework="pt") as file:
        metadata = file.metadata() or {}
        state: dict[str, Tensor] = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    if metadata.get("format") != FORMAT:
        raise StorageError(
            f"{path} is a safetensors file of another program (format {metadata.get('format')!r}, not {FORMAT!r}). "
            "Move it away to pretrain again."
        )
    with reading(path, advice, DamagedError, what=what):
        text = metadata.get("provenance", "null")
        provenance = json_of(text)
        check_provenance(provenance)
        if metadata.get("digest") != content_digest(state, text):
            raise Unusable("its content is not the one that was written")
    return state, dict(provenance)


_COPIES = 2
"""The tensors, and what their digest is made of."""
_PROVENANCE = {
    "identity": str,
    "method": str,
    "backbone": str,
    "seed": int,
    "corpus": dict,
    "cost": dict,
    "logged": dict,
}
"""What a checkpoint may say about itself -> type."""


def check_provenance(provenance: Any) -> None:
    """Raise `Unusable` where what a file of this harness says about itself is of another form."""
    if not isinstance(provenance, dict):
        raise Unusable("it does not say where it comes from")
    for key, kind in _PROVENANCE.items():
        if key in provenance and (not isinstance(provenance[key], kind) or isinstance(provenance[key], bool)):
            raise Unusable(f"the {key} it states is {one_line(repr(provenance[key]))[:60]}")
    for what in ("cost", "logged"):
        for name, value in provenance.get(what, {}).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise Unusable(f"the {what} {one_line(name)} it states is {one_line(repr(value))[:60]}")


def load_encoder(path: Path, encoder: nn.Module) -> dict[str, Any]:
    """Load a checkpoint into `encoder`; every key must match in name and shape. Returns the provenance.

    Raises:
        StorageError: foreign or damaged file, or keys that do not match; the message names them.
    """
    state, provenance = read_encoder(path)
    own = encoder.state_dict()
    common = sorted(own.keys() & state.keys())
    problems = {
        "missing": sorted(own.keys() - state.keys()),
        "unexpected": sorted(state.keys() - own.keys()),
        "of another shape": [
            f"{k} {tuple(state[k].shape)} instead of {tuple(own[k].shape)}"
            for k in common
            if own[k].shape != state[k].shape
        ],
    }
    if any(problems.values()):
        shown = "; ".join(_count(what, keys) for what, keys in problems.items() if keys)
        raise StorageError(f"{path} does not fit {type(encoder).__name__}: {shown}. Was it made for another backbone?")
    encoder.load_state_dict(state, strict=True)
    return provenance


def find_encoder(folder: Path, identity: str, report: Report | None = None) -> Path | None:
    """A finished encoder of the same identity in `folder`; None without one, or, with one line, where it is damaged.

    Raises:
        StorageError: the file cannot be opened, or is something else.
    """
    path = folder / ENCODER_FILE
    if not path.exists():
        return None
    try:
        _, provenance = read_encoder(path, "")
    except DamagedError as error:
        if report is not None:
            report.warn(f"{str(error).strip()} It is pretrained again.")
        return None
    if provenance.get("identity") != identity:
        raise StorageError(f"{path} says it belongs to another pretraining. Move it away to pretrain again.")
    return path


def _count(what: str, keys: list[str]) -> str:
    return f"{len(keys)} keys {what} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
