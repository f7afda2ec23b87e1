"""Training log: one row per step in a CSV file and in TensorBoard, continued after a resume."""

from __future__ import annotations

import csv
import math
import statistics
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter

from bench.core.files import unwritable, write_text

LOG_FILE = "log.csv"


class LastTenth:
    """Means of what was logged over the last tenth of the steps, at least one; what a record says of a pretraining.

    It is part of the resume state and of the checkpoint: the file of the log is for people alone.
    """

    def __init__(self, total_steps: int) -> None:
        self.rows: deque[dict[str, float]] = deque(maxlen=max(total_steps // 10, 1))

    def add(self, values: Mapping[str, float]) -> None:
        """One step's scalars."""
        self.rows.append(dict(values))

    def means(self) -> dict[str, float]:
        """Name -> mean over the steps that have it; none that is not finite, and no epoch."""
        names = dict.fromkeys(name for row in self.rows for name in row if name != "epoch")
        means = {name: statistics.fmean(row[name] for row in self.rows if name in row) for name in names}
        return {name: round(value, 6) for name, value in means.items() if math.isfinite(value)}


class TrainLog:
    """Appends rows to `log.csv` and scalars to `tensorboard/`; rows at or after `start_step` of an earlier try go."""

    def __init__(self, folder: Path, start_step: int) -> None:
        self.path = folder / LOG_FILE
        if self.path.exists():
            write_text(self.path, _rows_before(self.path.read_text(encoding="utf-8", errors="replace"), start_step))
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


def _rows_before(text: str, step: int) -> str:
    """The rows of a log before a step, with its header; rows that a crash left damaged are dropped."""
    header, *rows = text.splitlines() or [""]
    width = header.count(",")
    kept = [
        row
        for row in rows
        if row.count(",") == width and (first := row.partition(",")[0]).isdecimal() and int(first) < step
    ]
    return "\n".join([header, *kept, ""]) if kept and header.startswith("step,") else ""
