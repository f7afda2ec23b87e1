"""What workers say, shown by the command: one table of all their stages, one stream of their messages."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from rich.markup import escape
from rich.progress import TaskID

from bench.core.console import LINE_SECONDS, Advance, Report, TimeLeft
from bench.core.escape import one_line

_SEND_SECONDS = 0.5


@dataclass(frozen=True)
class Stage:
    """Where one stage of a worker is."""

    number: int
    name: str
    total: int
    done: int
    seconds: float | None
    """Left, as the worker estimates."""
    note: str = ""
    over: bool = False


Event = tuple[str, str, str | Stage]
"""Who it is of, `say`, `warn` or `stage`, and what."""


class Events:
    """An actor: keeps what workers send until the command takes it."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def put(self, event: Event) -> None:
        """Keep an event."""
        self._events.append(event)

    def take(self) -> list[Event]:
        """All that came since the last time."""
        events, self._events = self._events, []
        return events


class SentReport(Report):
    """A worker's report: everything goes to the command that waits for it."""

    def __init__(self, events: Any, who: str) -> None:
        super().__init__(quiet=True)
        self._events, self._who = events, who
        self._numbers = count()

    def _send(self, sort: str, what: str | Stage) -> None:
        self._events.put.remote((self._who, sort, what))

    def say(self, text: str) -> None:
        """Send one line."""
        self._send("say", text)

    def warn(self, text: str) -> None:
        """Send one warning."""
        self._send("warn", text)

    @contextmanager
    def stage(self, name: str, total: int, done: int = 0, costs: Sequence[float | None] = ()) -> Iterator[Advance]:
        """As in a `Report`; sent twice a second."""
        number, left = next(self._numbers), TimeLeft(total, done, costs)
        last, finished = 0.0, done

        def advance(note: str = "") -> None:
            nonlocal last, finished
            finished += 1
            left.advance()
            if time.monotonic() - last > _SEND_SECONDS:
                last = time.monotonic()
                self._send("stage", Stage(number, name, total, finished, left.seconds, note))

        try:
            yield advance
        finally:
            self._send("stage", Stage(number, name, total, finished, 0.0, over=True))


class StageTable:
    """Bars of all workers' stages below that of the runs, or, where there is no terminal, lines now and then."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._bars: dict[tuple[str, int], TaskID] = {}
        self._said: dict[tuple[str, int], float] = {}

    def show(self, event: Event) -> None:
        """Show one event of a worker."""
        who, sort, what = event
        if isinstance(what, Stage):
            self._show_stage(who, what)
        elif sort == "warn":
            self.report.warn(f"{who}: {what}")
        else:
            self.report.say(f"{who}: {what}")

    def _show_stage(self, who: str, stage: Stage) -> None:
        key, bars = (who, stage.number), self.report.bars
        if stage.over:
            self._said.pop(key, None)
            if key in self._bars:
                bars.remove_task(self._bars.pop(key))
            return
        if key not in self._bars:
            name = escape(one_line(f"{who}: {stage.name}"))
            self._bars[key] = bars.add_task(name, total=stage.total, note="", time_left=stage)
            self._said[key] = time.monotonic()
        note = one_line(stage.note)
        bars.update(self._bars[key], completed=stage.done, note=escape(note), time_left=stage)
        now = time.monotonic()
        if not self.report.console.is_terminal and now - self._said[key] > LINE_SECONDS:
            self._said[key] = now
            left = f"about {stage.seconds or 0:.0f} s left"
            self.report.say(f"  {who}: {stage.name}: {stage.done}/{stage.total}, {left} {note}".rstrip())
