"""States of unfinished training on disk: continuing from one equals never having stopped."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from bench.core.errors import StorageError
from bench.core.files import write_atomic
from bench.engine.seeding import restore_rng, rng_state

RESUME_FILE = "last.ckpt"


def save_state(path: Path, identity: str, state: dict[str, Any]) -> None:
    """Write tensors and plain values, and the random generators' states, atomically. Raises `StorageError`."""
    buffer = io.BytesIO()
    torch.save({"identity": identity, "rng": rng_state(), **state}, buffer)
    write_atomic(path, lambda file: file.write(buffer.getbuffer()))


def load_state(path: Path, identity: str, what: str) -> dict[str, Any]:
    """Read what `save_state` wrote for the same identity, and put the random generators back to where they were.

    Raises:
        StorageError: the file is damaged, or belongs to something else than `what` (as `pretraining`).
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types for damaged archives
        raise StorageError(f"{path} is not a readable {what} state ({error}). Delete it to start over.") from error
    if not isinstance(state, dict) or state.get("identity") != identity:
        raise StorageError(f"{path} belongs to another {what}. Delete it to start over.")
    restore_rng(state["rng"])
    return state
