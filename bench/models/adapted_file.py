"""Files of adapted models: safetensors that name the run they are of and hold a digest of their content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
from safetensors.torch import save
from torch import Tensor

from bench.core.errors import StorageError
from bench.core.files import write_atomic
from bench.core.reading import Unusable, json_of, reading, require_memory, require_regular
from bench.models.checkpoints import content_digest

FORMAT = "bench-adapted-1"
_ADVICE = "Restore it, or delete the run's record and run again with --keep-model."


class AdaptedFile(NamedTuple):
    """Content of such a file."""

    tensors: dict[str, Tensor]
    provenance: dict[str, Any]
    """The run that it is of, as it was written."""


def save_adapted(path: Path, tensors: Mapping[str, Tensor], provenance: Mapping[str, Any]) -> None:
    """Write the tensors of an adapted model and the run that they are of. Raises `StorageError` on a failed write."""
    metadata = {"format": FORMAT, "provenance": json.dumps(dict(provenance), sort_keys=True)}
    metadata["digest"] = content_digest(tensors, metadata["provenance"])
    write_atomic(path, lambda file: file.write(save(dict(tensors), metadata)))


def read_adapted(path: Path, identity: str) -> AdaptedFile:
    """The adapted model of a run.

    Raises:
        StorageError: no such file, a foreign or damaged one, or one of another run.
    """
    with reading(path, _ADVICE, StorageError, what="is not a readable model"):
        require_memory(require_regular(path))
        with safetensors.safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise Unusable(f"it is of the format {metadata.get('format')!r}, not {FORMAT!r}")
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        provenance = metadata.get("provenance", "null")
        if metadata.get("digest") != content_digest(tensors, provenance):
            raise Unusable("it is damaged: its content is not the one that was written")
        found = json_of(provenance)
        if not isinstance(found, dict) or found.get("identity") != identity:
            raise Unusable("it is of another run")
    return AdaptedFile(tensors, found)
