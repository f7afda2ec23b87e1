"""Training log: one row per step in a CSV file and in TensorBoard, continued after a resume."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pandas as pd
from torch.utils.tensorboard import SummaryWriter

from bench.core.files import unwritable, write_text

LOG_FILE = "log.csv"


def final_values(path: Path) -> dict[str, float]:
    """Mean of every logged scalar over the last tenth of the steps (at least one); empty without a readable log."""
    try:
        rows = pd.read_csv(path).drop(columns=["step", "epoch"], errors="ignore")
    except (OSError, ValueError):
        return {}
    last = rows.tail(max(len(rows) // 10, 1)).mean()
    return {str(name): round(float(value), 6) for name, value in last.items() if math.isfinite(value)}


class TrainLog:
    """Appends rows to `log.csv` and scalars to `tensorboard/`; rows at or after `start_step` of an earlier try go."""

    def __init__(self, folder: Path, start_step: int) -> None:
        self.path = folder / LOG_FILE
        if self.path.exists():
            rows = pd.read_csv(self.path) if self.path.stat().st_size else pd.DataFrame({"step": []})
            kept = rows[rows["step"] < start_step]
            write_text(self.path, kept.to_csv(index=False) if len(kept) else "")
        self.columns: list[str] = []
        self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=start_step)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Log one step. Raises `StorageError` when the disk is full."""
        row = {"step": step, **values}
        try:
            fresh = not self.path.exists() or self.path.stat().st_size == 0
            with self.path.open("a", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(row))
                if fresh:
                    writer.writeheader()
                writer.writerow(row)
            for name, value in values.items():
                self.board.add_scalar(name, value, step)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def __enter__(self) -> TrainLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.board.close()
