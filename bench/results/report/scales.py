"""Axes of the drawings: from a value to a place, and where the ticks are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

DECIMALS = 1
"""Of a place: a tenth of a pixel."""


@dataclass(frozen=True)
class Scale:
    """A linear or logarithmic axis from `start` to `end` (pixels)."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value, inside the axis."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, self._inside(value)))
        return round(self.start + (self.end - self.start) * (at - low) / (high - low), DECIMALS)

    def _inside(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    @property
    def ticks(self) -> list[float]:
        """Three to nine round values on the axis; decades of a logarithmic one, or its ends within one decade."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            decades = [10.0**n for n in range(first, last + 1)]
            return decades if len(decades) > 1 else [self.low, self.high]
        step = _round_step((self.high - self.low) / 8)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(n * step, 10) for n in range(first, last + 1)]


def scale_of(values: Iterable[float], start: float, end: float, *, log: bool = False) -> Scale | None:
    """An axis with room for the finite values (positive ones where it is logarithmic); None where there are none."""
    found = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
    if not found:
        return None
    low, high = min(found), max(found)
    if log:
        return Scale(low / 1.3, high * 1.3, start, end, log=True)
    room = (high - low) * 0.04 or max(abs(high) * 0.04, 0.01)
    return Scale(low - room, high + room, start, end)


def _round_step(step: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= step * (1 - 1e-9))
