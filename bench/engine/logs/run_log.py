"""The log of one training: scalars by step and by epoch, and pictures, to wherever they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType

from PIL.Image import Image

from bench.core.console import Report
from bench.engine.logs.destinations import CsvFiles, Destination, TensorBoard, Values
from bench.engine.logs.place import WANDB, LogPlace
from bench.engine.logs.wandb_run import WandbRun
from bench.engine.seeding import seeded


class RunLog:
    """Writes a log from a step and an epoch on, of which so many were done before; without a place, nothing.

    It never ends the training: what cannot be written any more is left out, with one warning. It draws no random number
    from the training's generators.
    """

    def __init__(
        self, place: LogPlace | None, report: Report, what: str = "training", step: int = 0, epoch: int = 0
    ) -> None:
        self._report, self._what = report, what
        self._open: dict[str, Destination] = {}
        if place is None:
            return
        makers: dict[str, Callable[[], Destination]] = {
            "CSV files": partial(CsvFiles, place.folder, step, epoch),
            "TensorBoard": partial(TensorBoard, place.folder, step),
            **({WANDB: partial(WandbRun, place, step)} if WANDB in place.elsewhere else {}),
        }
        for name, make in makers.items():
            self._try(name, partial(self._begin, name, make))
        if self._open:
            others = [f", {one.address}" for one in self._open.values() if isinstance(one, WandbRun)]
            report.say(f"  log of the {what}: {place.folder}{''.join(others)}")

    @property
    def on(self) -> bool:
        """Whether anything is written."""
        return bool(self._open)

    def step(self, step: int, values: Values) -> None:
        """Scalars of a step, counted from 0."""
        for name, one in list(self._open.items()):
            self._try(name, partial(one.step, step, values))

    def epoch(self, epoch: int, step: int, values: Values) -> None:
        """Scalars of an epoch, counted from 1, whose last step is `step`."""
        for name, one in list(self._open.items()):
            self._try(name, partial(one.epoch, epoch, step, values))

    def picture(self, name: str, step: int, make: Callable[[], Image | None]) -> None:
        """A picture of a step, which is made only where it is wanted; None is none."""
        if not self.on:
            return
        made: list[Image | None] = []
        with seeded(0):
            self._try(name, lambda: made.append(make()))
        for image in filter(None, made):
            for destination, one in list(self._open.items()):
                self._try(destination, partial(one.picture, name, step, image))

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, one in list(self._open.items()):
            self._try(name, one.close)
        self._open.clear()

    def _begin(self, name: str, make: Callable[[], Destination]) -> None:
        self._open[name] = make()

    def _try(self, name: str, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # whatever a library raises: a log is for people, and ends no training
            if failed := self._open.pop(name, None):
                with suppress(Exception):
                    failed.close()
            self._report.warn(f"The log of the {self._what} goes on without its {name}: {error}")
