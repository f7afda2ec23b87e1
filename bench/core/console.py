"""Progress for people: bars with time left on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from statistics import median

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from bench.core.escape import one_line, printable

Advance = Callable[[str], None]
LINE_SECONDS = 30.0


class TimeLeft:
    """How long the rest of a stage takes, from how long its units took, however long ago that was.

    `costs` has the seconds that each unit should take by what is known, None where nothing is; such a unit counts as
    the median of the others. Finished units say how much faster or slower things are than that.
    """

    def __init__(
        self, total: int, done: int = 0, costs: Sequence[float | None] = (), clock: Callable[[], float] | None = None
    ) -> None:
        known = [cost for cost in costs if cost]
        middle = median(known) if known else 1.0
        self._scaled = bool(known)
        self._costs = [cost or middle for cost in costs] or [1.0] * total
        self._clock = clock or time.monotonic
        self._first = self._done = done
        self._start = self._last = self._clock()

    def advance(self) -> None:
        """A unit is finished."""
        self._done += 1
        self._last = self._clock()

    @property
    def seconds(self) -> float | None:
        """Seconds left; None where no unit is finished yet and nothing is known."""
        spent = sum(self._costs[self._first : self._done])
        if not spent and not self._scaled:
            return None
        pace = (self._last - self._start) / spent if spent else 1.0
        current, *later = [pace * cost for cost in self._costs[self._done :]] or [0.0]
        return max(current - (self._clock() - self._last), 0.0) + sum(later)


class TimeLeftColumn(ProgressColumn):
    """What the `time_left` of a bar says, once a second."""

    max_refresh = 1.0

    def render(self, task: Task) -> Text:
        """Hours, minutes and seconds; dashes while nothing is known."""
        seconds = task.fields["time_left"].seconds
        text = "-:--:--" if seconds is None else str(timedelta(seconds=round(seconds)))
        return Text(text, style="progress.remaining")


class Report:
    """Where the harness says what it does. Messages and bars go to standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("elapsed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeLeftColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self.bars = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.print(printable(text), markup=False, emoji=False)

    def warn(self, text: str) -> None:
        """Print one line marked as a warning."""
        self.console.print(f"Warning: {printable(text)}", style="yellow", markup=False, emoji=False)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show bars while the block runs."""
        with self.bars:
            yield

    @contextmanager
    def stage(self, name: str, total: int, done: int = 0, costs: Sequence[float | None] = ()) -> Iterator[Advance]:
        """A bar for one stage of `total` units; call the yielded function after each, with a short note.

        `costs` are the seconds that the units should take, where records tell them, as for `TimeLeft`.
        """
        name = one_line(name)
        left = TimeLeft(total, done, costs)
        bar = self.bars.add_task(escape(name), total=total, completed=done, note="", time_left=left)
        last = time.monotonic()
        count = done

        def advance(note: str = "") -> None:
            nonlocal count, last
            count += 1
            left.advance()
            note = one_line(note)
            self.bars.update(bar, advance=1, note=escape(note))
            now = time.monotonic()
            if not self.console.is_terminal and now - last > LINE_SECONDS and count < total:
                last = now
                self.say(f"  {name}: {count}/{total}, about {left.seconds or 0:.0f} s left {note}".rstrip())

        try:
            yield advance
        finally:
            self.bars.remove_task(bar)
