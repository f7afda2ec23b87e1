"""Encoder checkpoints: safetensors with provenance inside. Loading names every key that does not match."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import save
from torch import Tensor, nn

from bench.core.errors import StorageError
from bench.core.files import write_atomic

FORMAT = "bench-encoder-1"
ENCODER_FILE = "encoder.safetensors"


def save_encoder(path: Path, encoder: nn.Module, provenance: Mapping[str, Any]) -> None:
    """Write an encoder's state dict and where it comes from. Raises `StorageError` on a failed write."""
    state = {k: v.detach().cpu().contiguous() for k, v in encoder.state_dict().items()}
    metadata = {"format": FORMAT, "provenance": json.dumps(dict(provenance), sort_keys=True)}
    write_atomic(path, lambda file: file.write(save(state, metadata)))


def fingerprint_weights(encoder: nn.Module) -> str:
    """SHA-256 (hex) of an encoder's state dict: names, types, shapes and values."""
    state = {k: v.detach().cpu().contiguous() for k, v in encoder.state_dict().items()}
    return hashlib.sha256(save(state)).hexdigest()


def read_provenance(path: Path) -> dict[str, Any]:
    """Read what a checkpoint says about itself. Raises `StorageError` for a foreign or damaged file."""
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
    except (OSError, safetensors.SafetensorError) as error:
        raise StorageError(f"{path} is not a readable checkpoint ({error}). Delete it to pretrain again.") from error
    if metadata.get("format") != FORMAT:
        raise StorageError(
            f"{path} is a safetensors file of another program (format {metadata.get('format')!r}, not {FORMAT!r}). "
            "Move it away to pretrain again."
        )
    provenance: dict[str, Any] = json.loads(metadata["provenance"])
    return provenance


def load_encoder(path: Path, encoder: nn.Module) -> dict[str, Any]:
    """Load a checkpoint into `encoder`; every key must match in name and shape. Returns the provenance.

    Raises:
        StorageError: foreign or damaged file, or keys that do not match; the message names them.
    """
    provenance = read_provenance(path)
    with safetensors.safe_open(str(path), framework="pt") as file:
        state: dict[str, Tensor] = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
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


def find_encoder(folder: Path, identity: str) -> Path | None:
    """A finished encoder of the same identity in `folder`. Raises `StorageError` when the file is something else."""
    path = folder / ENCODER_FILE
    if not path.exists():
        return None
    if read_provenance(path).get("identity") != identity:
        raise StorageError(f"{path} says it belongs to another pretraining. Move it away to pretrain again.")
    return path


def _count(what: str, keys: list[str]) -> str:
    return f"{len(keys)} keys {what} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
