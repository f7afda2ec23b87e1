"""Curves as lines: training losses of pretrainings, and what validation said of each candidate of a setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.results.record import Record
from bench.results.report.extras import Curve
from bench.results.report.scales import scale_of
from bench.results.report.text import short

WIDTH, HEIGHT = 300, 130
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 8, 28
VALIDATION = "validation"
"""What the headline metric is called in a record's sweep."""
MOST_POINTS = 150
"""Of a line; a longer curve is shown by means of neighbouring steps."""


@dataclass(frozen=True)
class LinePlot:
    """A line with its axes; places in pixels."""

    title: str
    x_name: str
    points: str
    """As an SVG polyline has them."""
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def curve_plot(curve: Curve) -> LinePlot | None:
    """The curve of a pretraining; None with fewer than two finite steps."""
    steps, values = _thinned(curve.steps), _thinned(curve.values)
    return _plot(curve.name, "step", steps, values, log=False)


def sweep_plot(record: Record) -> LinePlot | None:
    """The headline metric on validation data by the candidates of one number, where a record has such."""
    names = [name for name in (record.sweep[0] if record.sweep else {}) if name != VALIDATION]
    if len(names) != 1 or any(one.get(name) is None for one in record.sweep for name in (*names, VALIDATION)):
        return None
    pairs = sorted((float(one[names[0]] or 0.0), 100 * float(one[VALIDATION] or 0.0)) for one in record.sweep)
    steps, values = zip(*pairs, strict=True)
    title = f"{record.metric} on validation data (percent)"
    return _plot(title, names[0], steps, values, log=min(steps) > 0 and max(steps) / min(steps) > 50)


def _plot(title: str, x_name: str, steps: Sequence[float], values: Sequence[float], *, log: bool) -> LinePlot | None:
    x = scale_of(steps, LEFT, WIDTH - RIGHT, log=log)
    y = scale_of(values, HEIGHT - BOTTOM, TOP)
    if x is None or y is None or len(steps) < 2:
        return None
    points = " ".join(f"{x(a)},{y(b)}" for a, b in zip(steps, values, strict=True))
    ticks = [tuple((axis(t), short(t)) for t in axis.ticks) for axis in (x, y)]
    shown = ticks[0][:: -(-len(ticks[0]) // 5)], ticks[1][:: -(-len(ticks[1]) // 5)]
    return LinePlot(title, x_name, points, *shown)


def _thinned(values: Sequence[float]) -> list[float]:
    """Means of so many neighbours that `MOST_POINTS` remain."""
    size = -(-len(values) // MOST_POINTS) or 1
    parts = [values[i : i + size] for i in range(0, len(values), size)]
    return [sum(part) / len(part) for part in parts]
