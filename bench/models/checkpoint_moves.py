"""Checkpoints of the cache under a new identity: the same encoder, in the folder of its new name."""

from __future__ import annotations

import json
from pathlib import Path

import safetensors

from bench.core.errors import StorageError
from bench.core.files import unwritable, write_atomic
from bench.core.reading import json_of, reading
from bench.models.checkpoints import check_provenance


def move_checkpoint(cache: Path, method: str, before: str, after: str, *, dry_run: bool = False) -> bool:
    """Give a finished pretraining its new identity, in its file and as its folder; returns whether it was there.

    A folder that holds another identity, or a place that is taken, is left alone.

    Raises:
        StorageError: the file cannot be read or written.
    """
    from bench.models.checkpoints import ENCODER_FILE, read_provenance

    folder, place = (cache / "checkpoints" / method / identity[:16] for identity in (before, after))
    path = folder / ENCODER_FILE
    if not path.is_file() or place.exists():
        return False
    identity = read_provenance(path).get("identity")
    if identity not in (before, after):
        return False
    if dry_run:
        return True
    if identity == before:
        _rename_inside(path, before, after)
    try:
        folder.rename(place)
    except OSError as error:
        raise unwritable(place, error) from error
    return True


def _rename_inside(path: Path, before: str, after: str) -> None:
    from safetensors.torch import save

    with reading(path, "Delete it to pretrain again.", StorageError, what="is not a readable checkpoint"):
        with safetensors.safe_open(str(path), framework="pt") as file:
            metadata = dict(file.metadata() or {})
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        provenance = json_of(metadata["provenance"])
        check_provenance(provenance)
    metadata["provenance"] = json.dumps({**provenance, "identity": after, "schema_1_identity": before}, sort_keys=True)
    write_atomic(path, lambda file: file.write(save(state, metadata)))
