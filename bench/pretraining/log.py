"""Training log: one row per step in a CSV file and in TensorBoard, continued after a resume."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter

from bench.core.errors import StorageError
from bench.core.files import unwritable, write_text
from bench.core.reading import content_of, reading

LOG_FILE = "log.csv"


class LastTenth:
    """Mean of every logged scalar over the last tenth of the steps (at least one)."""

    def __init__(self, total_steps: int, earlier: Mapping[str, Sequence[float]] | None = None) -> None:
        self._first = total_steps - max(total_steps // 10, 1)
        self.sums: dict[str, list[float]] = {name: list(pair) for name, pair in (earlier or {}).items()}
        """Name -> sum and number of values; a pretraining that is continued hands in those of its earlier part."""

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Count one step."""
        if step < self._first:
            return
        for name, value in values.items():
            if name != "epoch" and not math.isnan(value):
                sum_and_count = self.sums.setdefault(name, [0.0, 0])
                sum_and_count[0] += value
                sum_and_count[1] += 1

    def means(self) -> dict[str, float]:
        """Name -> mean, rounded to six digits; those that are finite."""
        means = {name: total / count for name, (total, count) in self.sums.items()}
        return {name: round(mean, 6) for name, mean in means.items() if math.isfinite(mean)}


class TrainLog:
    """Appends rows to `log.csv` and scalars to `tensorboard/`; rows at or after `start_step` of an earlier try go.

    Nothing is read from these files: they are for people. What a record says of the log comes from `last_tenth`.
    """

    def __init__(self, folder: Path, start_step: int, last_tenth: LastTenth) -> None:
        self.path = folder / LOG_FILE
        self.last_tenth = last_tenth
        if self.path.exists():
            write_text(self.path, "".join(f"{line}\n" for line in _lines_before(self.path, start_step)))
        self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=start_step)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Log one step. Raises `StorageError` when the disk is full."""
        self.last_tenth.add(step, values)
        row = {"step": step, **values}
        try:
            fresh = not self.path.exists() or self.path.stat().st_size == 0
            with self.path.open("a", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
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


def _lines_before(path: Path, step: int) -> list[str]:
    """Header and rows of the steps before `step`, as far as they can be read; nothing where there are none."""
    with reading(path, "Delete it: it is for people alone.", StorageError):
        header, *rows = content_of(path).decode(errors="replace").split("\n")
    kept = list(takewhile(lambda row: _is_row(row, header.count(",") + 1, step), rows))
    return [header, *kept] if kept and header.startswith("step,") else []


def _is_row(line: str, n_values: int, step: int) -> bool:
    try:
        first, *values = map(float, line.split(","))
    except ValueError:
        return False
    return first < step and len(values) + 1 == n_values
