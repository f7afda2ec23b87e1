"""Curves as lines: what trainings logged, and what validation said of each candidate of a setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.results.record import Record
from bench.results.report.extras import Curve, CurveLine
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
    """Lines with their axes; places in pixels."""

    title: str
    x_name: str
    lines: tuple[tuple[str, str], ...]
    """Name, and points as an SVG polyline has them; of several lines the second is dashed."""
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def curve_plot(curve: Curve) -> LinePlot | None:
    """The curve of a training; None where no line has two steps."""
    lines = [CurveLine(line.name, _thinned(line.steps), _thinned(line.values)) for line in curve.lines]
    return _plot(curve.name, curve.x_name, lines, log=False)


def sweep_plot(record: Record) -> LinePlot | None:
    """The headline metric on validation data by the candidates of one number, where a record has such."""
    names = [name for name in (record.sweep[0] if record.sweep else {}) if name != VALIDATION]
    if len(names) != 1 or any(one.get(name) is None for one in record.sweep for name in (*names, VALIDATION)):
        return None
    pairs = sorted((float(one[names[0]] or 0.0), 100 * float(one[VALIDATION] or 0.0)) for one in record.sweep)
    steps, values = zip(*pairs, strict=True)
    title = f"{record.metric} on validation data (percent)"
    lines = [CurveLine("", steps, values)]
    return _plot(title, names[0], lines, log=min(steps) > 0 and max(steps) / min(steps) > 50)


def _plot(title: str, x_name: str, lines: Sequence[CurveLine], *, log: bool) -> LinePlot | None:
    lines = [line for line in lines if len(line.steps) > 1]
    x = scale_of([step for line in lines for step in line.steps], LEFT, WIDTH - RIGHT, log=log)
    y = scale_of([value for line in lines for value in line.values], HEIGHT - BOTTOM, TOP)
    if x is None or y is None:
        return None
    drawn = [
        (one.name, " ".join(f"{x(a)},{y(b)}" for a, b in zip(one.steps, one.values, strict=True))) for one in lines
    ]
    ticks = [tuple((axis(t), short(t)) for t in axis.ticks) for axis in (x, y)]
    shown = ticks[0][:: -(-len(ticks[0]) // 5)], ticks[1][:: -(-len(ticks[1]) // 5)]
    return LinePlot(title, x_name, tuple(drawn), *shown)


def _thinned(values: Sequence[float]) -> tuple[float, ...]:
    """Means of so many neighbours that `MOST_POINTS` remain."""
    size = -(-len(values) // MOST_POINTS) or 1
    parts = [values[i : i + size] for i in range(0, len(values), size)]
    return tuple(sum(part) / len(part) for part in parts)
