"""Logs in Weights & Biases, where `--log wandb` asks for it; `WANDB_MODE=offline` needs no account."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from typing import Any

from PIL.Image import Image

from bench.core.files import write_text
from bench.engine.logs.place import LogPlace
from bench.engine.seeding import seeded

PROJECT = "medical-ssl-bench"
"""Unless WANDB_PROJECT names another."""
ID_FILE = "wandb.txt"
"""Beside the log: the run's id, by which a resumed training continues it."""


class WandbRun:
    """One run of wandb for one training; wandb may draw random numbers, and none of them is the training's."""

    def __init__(self, place: LogPlace, step: int) -> None:
        import wandb

        file = place.folder / ID_FILE
        continues = step > 0 and file.is_file()
        own = file.read_text(encoding="utf-8").strip() if continues else f"{place.identity[:12]}-{secrets.token_hex(3)}"
        write_text(file, f"{own}\n")
        self._wandb: Any = wandb
        with seeded(0):
            self._run = wandb.init(
                project=os.environ.get("WANDB_PROJECT") or PROJECT,
                name=place.name,
                id=own,
                resume="allow" if continues else None,
                dir=str(place.folder),
                config=dict(place.facts),
                settings=wandb.Settings(silent=True),
            )

    @property
    def address(self) -> str:
        """Where people find it."""
        return str(self._run.url or self._run.dir)

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Scalars of one step."""
        with seeded(0):
            self._run.log(dict(values), step=step)

    def epoch(self, epoch: int, step: int, values: Mapping[str, float]) -> None:
        """Likewise, under `epoch/`."""
        self.step(step, {f"epoch/{name}": value for name, value in values.items()})

    def picture(self, name: str, step: int, image: Image) -> None:
        """A picture in colour."""
        with seeded(0):
            self._run.log({name: self._wandb.Image(image.convert("RGB"))}, step=step)

    def close(self) -> None:
        """Send what is left."""
        with seeded(0):
            self._run.finish()
