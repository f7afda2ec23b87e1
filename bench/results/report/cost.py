"""Cost against score: a point for each contestant of a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.results.report.rows import Row
from bench.results.report.scales import Scale, scale_of
from bench.results.report.text import short

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 42


@dataclass(frozen=True)
class CostPoint:
    """A contestant; places in pixels."""

    label: str
    number: int
    """What stands beside the point and in the legend."""
    x: float
    y: float
    low: float | None
    high: float | None
    text: str
    variant: bool


@dataclass(frozen=True)
class CostPlot:
    """Seconds of pretraining and adaptation together, logarithmic, against the mean score in percent."""

    points: tuple[CostPoint, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def cost_plot(board: pd.DataFrame, rows: Sequence[Row]) -> CostPlot | None:
    """From the rows of one group of a board; None where the costs of fewer than two contestants are known."""
    seconds = board["adapt_seconds"] + board["pretrain_seconds"].fillna(0.0)
    known = seconds.notna() & (seconds > 0) & board["mean"].notna()
    if known.sum() < 2:
        return None
    ends = [v for name in ("mean", "ci95_low", "ci95_high") for v in board.loc[known, name]]
    x, y = scale_of(seconds[known], LEFT, WIDTH - RIGHT, log=True), scale_of(ends, HEIGHT - BOTTOM, TOP)
    assert x is not None
    assert y is not None
    facts = board.to_dict("index")
    points = [_point(facts[r.number], seconds[r.number], r, n, x, y) for n, r in _numbered(rows, known)]
    ticks = tuple((x(t), short(t)) for t in x.ticks), tuple((y(t), f"{100 * t:.4g}") for t in y.ticks)
    return CostPlot(tuple(points), *ticks)


def _numbered(rows: Sequence[Row], known: pd.Series) -> list[tuple[int, Row]]:
    return list(enumerate((row for row in rows if known[row.number]), start=1))


def _point(r: Mapping[Any, Any], seconds: float, row: Row, number: int, x: Scale, y: Scale) -> CostPoint:
    low, high = (None if pd.isna(r[name]) else y(r[name]) for name in ("ci95_low", "ci95_high"))
    text = f"{row.cells['mean'].text} %, {short(seconds)} s"
    return CostPoint(row.label, number, x(seconds), y(r["mean"]), low, high, text, row.variant)
