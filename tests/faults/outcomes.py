"""What came of a fault: the right value, a clear error, or one of the things that must never be."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

from bench.core.errors import BenchError
from bench.results.store import InvalidRecord

RIGHT, CLEAR = "right", "clear error"
WRONG, TRACEBACK, HUNG = "wrong", "traceback", "hung"
OUTCOMES = (RIGHT, CLEAR, WRONG, TRACEBACK, HUNG)
SECONDS = 120
"""What takes longer hangs."""


class Hangs(BaseException):
    """No `Exception`, so that nothing takes it for a damaged file."""


class Tally:
    """How often each outcome was, and what those were that must not be."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.bad: list[str] = []

    def add(self, outcome: str, what: str) -> None:
        self.counts[outcome] += 1
        if outcome not in (RIGHT, CLEAR):
            self.bad.append(f"{outcome}: {what}")

    def row(self, name: str) -> str:
        return "| " + " | ".join([name, str(self.counts.total()), *(str(self.counts[o]) for o in OUTCOMES)]) + " |"


def judge(read: Callable[[], Any], right: Callable[[Any], bool]) -> tuple[str, str]:
    """The outcome of one call in this process, and what was found."""

    def stop(number: int, frame: object) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        found = read()
    except (BenchError, InvalidRecord) as error:
        return (CLEAR, str(error)) if str(error).strip() else (WRONG, "an error without a text")
    except Hangs:
        return HUNG, f"{SECONDS} s"
    except Exception as error:
        return TRACEBACK, repr(error)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return (RIGHT, "") if right(found) else (WRONG, repr(found)[:200])
