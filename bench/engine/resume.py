"""States of unfinished training on disk: continuing from one equals never having stopped."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from bench.core.errors import StorageError
from bench.core.reading import reading
from bench.core.storage.sealed import read_sealed, write_sealed
from bench.engine.seeding import restore_rng, rng_state

RESUME_FILE = "last.ckpt"


def save_state(path: Path, identity: str, state: dict[str, Any]) -> None:
    """Write tensors and plain values, and the random generators' states, with a digest. Raises `StorageError`."""
    buffer = io.BytesIO()
    torch.save({"identity": identity, "rng": rng_state(), **state}, buffer)
    write_sealed(path, buffer.getbuffer())


def load_state(path: Path, identity: str, what: str) -> dict[str, Any]:
    """Read what `save_state` wrote for the same identity, and put the random generators back to where they were.

    Raises:
        StorageError: the file is damaged, or belongs to something else than `what` (as `pretraining`).
    """
    with reading(path, "Delete it to start over.", StorageError, what=f"is not a readable {what} state"):
        state = torch.load(io.BytesIO(read_sealed(path)), map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or state.get("identity") != identity:
        raise StorageError(f"{path} belongs to another {what}. Delete it to start over.")
    restore_rng(state["rng"])
    return state
