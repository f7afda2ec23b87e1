"""Where a log goes: CSV files and TensorBoard, always; wandb is in `wandb_run`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL.Image import Image

from bench.core.cache_folder import EPOCHS_FILE, LOG_FILE
from bench.engine.logs.table import LogTable

Values = Mapping[str, float]


class Destination(Protocol):
    """What takes scalars and pictures; it may raise anything."""

    def step(self, step: int, values: Values) -> None:
        """Scalars of one step, counted from 0."""

    def epoch(self, epoch: int, step: int, values: Values) -> None:
        """Scalars of an epoch, counted from 1, whose last step is `step`."""

    def picture(self, name: str, step: int, image: Image) -> None:
        """A picture that belongs to a step."""

    def close(self) -> None:
        """Nothing more comes."""


class CsvFiles:
    """`log.csv` with a row for each step, `epochs.csv` with one for each epoch; no pictures."""

    def __init__(self, folder: Path, step: int, epoch: int) -> None:
        self._steps = LogTable(folder / LOG_FILE, step)
        self._epochs = LogTable(folder / EPOCHS_FILE, epoch + 1)

    def step(self, step: int, values: Values) -> None:
        """One row."""
        self._steps.write({"step": step, **values})

    def epoch(self, epoch: int, step: int, values: Values) -> None:
        """One row; all rows of this epoch are in the files then, before the training keeps its state."""
        self._epochs.write({"epoch": epoch, "step": step, **values})
        self._steps.flush()
        self._epochs.flush()

    def picture(self, name: str, step: int, image: Image) -> None:
        """Left out."""

    def close(self) -> None:
        """End both files."""
        try:
            self._steps.close()
        finally:
            self._epochs.close()


class TensorBoard:
    """Events in the folder `tensorboard/`; those of an earlier try from a step on are marked as void."""

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # takes a while, and only trainings need it

        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=step)

    def step(self, step: int, values: Values) -> None:
        """A scalar each."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def epoch(self, epoch: int, step: int, values: Values) -> None:
        """Likewise, under `epoch/`."""
        for name, value in values.items():
            self._writer.add_scalar(f"epoch/{name}", value, step)

    def picture(self, name: str, step: int, image: Image) -> None:
        """A picture in colour."""
        self._writer.add_image(name, np.asarray(image.convert("RGB")), step, dataformats="HWC")

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
