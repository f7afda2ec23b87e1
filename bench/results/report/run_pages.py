"""A run of the report: its fields, its scores, its curves and its cases."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.results.record import Record
from bench.results.report.cases import NONE, ShownCases, shown_cases
from bench.results.report.extras import Extras
from bench.results.report.lines import LinePlot, curve_plot, sweep_plot
from bench.results.report.rows import anchor_of
from bench.results.report.text import link_to, plain
from bench.results.statistics.metric_facts import UNKNOWN, facts_of
from bench.results.tables import percent

NAN = float("nan")
SHOWN_ELSEWHERE = frozenset({"metrics", "metrics_without_duplicates", "metrics_without_near_duplicates", "sweep"})


@dataclass(frozen=True)
class RunPage:
    """One run."""

    anchor: str
    title: str
    group: str
    """Anchor of its group."""
    link: str
    """Relative link to its record."""
    scores: tuple[tuple[str, str, str, str], ...]
    """Metric, and its value over all cases, without copies, and without near copies."""
    fields: tuple[tuple[str, str], ...]
    """All other fields of the record."""
    plots: tuple[LinePlot, ...]
    cases: ShownCases


def run_page(
    record: Record, path: str, table: pd.DataFrame, extras: Extras, group: str, folder: str, most: int
) -> RunPage:
    """The page of a record whose file is `path` below `folder`, both relative to the report."""
    keys = [*([record.hashes.get("checkpoint", "")] if record.corpus else []), record.identity]
    curves = [curve for key in keys for curve in extras.curves.get(key, ())]
    plots = (*map(curve_plot, curves), sweep_plot(record))
    classes = extras.classes.get(record.task, ())
    return RunPage(
        anchor=anchor_of(record.identity),
        title=f"{record.method} · {record.task} · {record.protocol} · {record.backbone} · seed {record.seed}",
        group=group,
        link=link_to(f"{folder}/{path}"),
        scores=tuple(_scores(record)),
        fields=tuple((name, plain(v)) for name, v in _fields(record).items()),
        plots=tuple(plot for plot in plots if plot is not None),
        cases=shown_cases(table, record, classes, extras.picture_of, most) if len(table) else NONE,
    )


def relative_folder(folder: Path, output: Path) -> str:
    """The way from the folder of a report to another, with forward slashes."""
    return Path(os.path.relpath(folder.absolute(), output.absolute().parent)).as_posix()


def _scores(record: Record) -> Iterator[tuple[str, str, str, str]]:
    for name in dict.fromkeys([record.metric, *record.metrics]):
        clean = (record.metrics_without_duplicates.get(name), record.metrics_without_near_duplicates.get(name))
        every, no_copies, nor_near = (score_text(name, v) for v in (record.metrics[name], *clean))
        yield name, every, no_copies, nor_near


def score_text(metric: str, value: float | None) -> str:
    """Percent, or where a metric has no bound, as distances have none, the value as it is."""
    if value is None or math.isfinite(facts_of(metric).high) or facts_of(metric) == UNKNOWN:
        return percent(NAN if value is None else value, NAN)
    return f"{value:.1f} {metric.partition('/')[0].rpartition('_')[2]}"


def _fields(record: Record) -> dict[str, Any]:
    fields = record.model_dump(mode="json")
    return {name: value for name, value in fields.items() if name not in SHOWN_ELSEWHERE}
