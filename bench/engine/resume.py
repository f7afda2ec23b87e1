"""States of unfinished training on disk: continuing from one equals never having stopped."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from bench.core.console import Report
from bench.core.errors import StorageError
from bench.core.reading import Unusable, reading, reason_of
from bench.core.storage.sealed import read_sealed, write_sealed
from bench.engine.seeding import restore_rng, rng_state

RESUME_FILE = "last.ckpt"


class StateFile:
    """The file in which one training keeps its state until it has ended.

    Args:
        identity: Whose state it is; that of another is an error.
        what: What is trained, for people: `pretraining`.
    """

    def __init__(self, path: Path, identity: str, what: str, report: Report) -> None:
        self.path, self.identity, self.what = path, identity, what
        self._report = report
        self._failed = False

    def save(self, state: dict[str, Any]) -> None:
        """Write tensors and plain values, and the random generators' states, with a digest, atomically.

        The training does not depend on it: where it cannot be written, that is one warning.
        """
        buffer = io.BytesIO()
        torch.save({"identity": self.identity, "rng": rng_state(), **state}, buffer)
        try:
            write_sealed(self.path, buffer.getbuffer())
        except StorageError as error:
            if not self._failed:
                self._report.warn(f"{error} The {self.what} goes on; stopped now, it would start from its last state.")
            self._failed = True

    def load(self) -> dict[str, Any] | None:
        """Read what `save` wrote, and put the random generators back to where they were.

        None where nothing was saved, and, with a warning, where it is damaged.

        Raises:
            StorageError: the file cannot be opened, or belongs to another training.
        """
        if not self.path.exists():
            return None
        with reading(self.path, "Delete it to start over.", StorageError, what=f"is not a readable {self.what} state"):
            try:
                content = read_sealed(self.path)
            except Unusable as error:
                self._report.warn(f"{self.path} is damaged: {reason_of(error)}. The {self.what} starts over.")
                return None
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or state.get("identity") != self.identity:
            raise StorageError(f"{self.path} belongs to another {self.what}. Delete it to start over.")
        restore_rng(state["rng"])
        return state

    def delete(self) -> None:
        """Delete the file, where it is there."""
        self.path.unlink(missing_ok=True)  # another process may have finished the same training
