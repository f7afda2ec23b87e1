"""Progress for people: bars with time left on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.core.escape import one_line, printable

Advance = Callable[[str], None]
LINE_SECONDS = 30.0


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
            TimeRemainingColumn(),
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
    def stage(self, name: str, total: int, done: int = 0) -> Iterator[Advance]:
        """A bar for one stage of `total` units; call the yielded function after each, with a short note."""
        name = one_line(name)
        bar = self.bars.add_task(escape(name), total=total, completed=done, note="")
        start = last = time.monotonic()
        count = done

        def advance(note: str = "") -> None:
            nonlocal count, last
            count += 1
            note = one_line(note)
            self.bars.update(bar, advance=1, note=escape(note))
            now = time.monotonic()
            if not self.console.is_terminal and now - last > LINE_SECONDS and count < total:
                last = now
                left = (now - start) / max(count - done, 1) * (total - count)
                self.say(f"  {name}: {count}/{total}, about {left:.0f} s left {note}".rstrip())

        try:
            yield advance
        finally:
            self.bars.remove_task(bar)
