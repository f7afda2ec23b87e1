"""A group of the report: what may be compared, in one section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from bench.results.frame import GROUP
from bench.results.report.case_tables import CaseTables
from bench.results.report.cost import CostPlot, cost_plot
from bench.results.report.disagreements import Disagreement, disagreement
from bench.results.report.matrix import Matrix, matrix_of
from bench.results.report.rows import Row, anchor_of, axis_of, rows_of
from bench.results.report.text import short


@dataclass(frozen=True)
class Versus:
    """Two contestants and where they disagree."""

    a: Row
    b: Row
    found: Disagreement


@dataclass(frozen=True)
class Group:
    """One section."""

    anchor: str
    data: str
    profile: str
    task: str
    protocol: str
    backbone: str
    evaluation_hash: str
    settings: str
    """Of the evaluation, as far as they were changed."""
    split: str
    metric: str
    test_cases: str
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    matrix: Matrix | None
    cost: CostPlot | None
    versus: tuple[Versus, ...]

    def disagreement_of(self, a: Row, b: Row) -> str:
        """The anchor of where two contestants disagree; empty where that is not known."""
        pairs = {frozenset((v.a.number, v.b.number)): v for v in self.versus}
        found = pairs.get(frozenset((a.number, b.number)))
        return f"{self.anchor}-{found.a.number}-{found.b.number}" if found else ""

    @property
    def title(self) -> str:
        """The section's heading."""
        return f"{self.task} · {self.protocol} · {self.backbone} · {self.split}"


def groups_of(
    frame: pd.DataFrame,
    board: pd.DataFrame,
    pairs: pd.DataFrame,
    tables: CaseTables,
    classes: Mapping[str, Sequence[str]],
    most: int,
) -> Iterator[Group]:
    """The groups of a board with published numbers, in its order, as they are asked for; `pairs` are of `all_pairs`."""
    runs = dict(iter(frame.groupby(GROUP, sort=False)))
    for number, (key, rows) in enumerate(board.groupby(GROUP, sort=False), start=1):
        own = runs[key]
        axis = axis_of(rows, own)
        shown = rows_of(rows, own, axis)
        top, cases = rows.iloc[0], sorted({int(n) for n in rows["test_cases"]})
        yield Group(
            f"group-{number}",
            **{name: str(top[name]) for name in GROUP},
            settings=str(own["evaluation_settings"].iloc[0]),
            split=str(top["split_used"]),
            metric=str(top["metric"]),
            test_cases=" or ".join(map(str, cases)),
            rows=tuple(shown),
            ticks=tuple((axis(t), short(t, 0.01)) for t in axis.ticks) if axis else (),
            matrix=matrix_of(shown, pairs[pairs["a"].isin(rows.index)]),
            cost=cost_plot(rows, shown),
            versus=_versus(shown, own, tables, classes.get(str(top["task"]), ()), most),
        )


def _versus(
    shown: Sequence[Row], runs: pd.DataFrame, tables: CaseTables, classes: Sequence[str], most: int
) -> tuple[Versus, ...]:
    """Where each pair of contestants with their own settings disagrees."""
    paths = dict(zip(map(anchor_of, runs["identity"]), runs["path"], strict=True))
    cases = {row.number: {run.seed: tables[paths[run.anchor]] for run in row.runs} for row in shown}
    ranked = [row for row in shown if not row.variant]
    found = ((a, b, disagreement(cases[a.number], cases[b.number], classes, most)) for a, b in combinations(ranked, 2))
    return tuple(Versus(a, b, one) for a, b, one in found if one is not None)
