"""The worst, median and best test cases of a run, from the table beside its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.results.case_table import METRIC
from bench.results.record import Record
from bench.results.report.extras import Picture
from bench.results.statistics.run_draws import measured

PLACES = ("worst", "median", "best")
Boxes = tuple[tuple[float, float, float, float], ...]
"""(x, y, width, height) each, in pixels of the case's image."""


@dataclass(frozen=True)
class CaseLine:
    """A test case of a run."""

    place: str
    """One of `PLACES`."""
    case: str
    target: str
    prediction: str
    score: float
    picture: Picture | None = None
    truth: Boxes = ()
    found: Boxes = ()


@dataclass(frozen=True)
class ShownCases:
    """What is shown of a run's cases."""

    score: str
    """What the score of a case is."""
    lines: tuple[CaseLine, ...]


NONE = ShownCases("", ())
SHOWN_SCORE = 0.3
"""Of predicted boxes: less sure ones are counted, not drawn."""
MOST_BOXES = 10
"""Predicted boxes that are drawn on a case, the surest."""


def holds_classes(table: pd.DataFrame) -> bool:
    """Whether the cases have a class index and class probabilities each."""
    if not {"target", "prediction"} <= set(table) or not len(table) or table["target"].dtype.kind != "i":
        return False
    return bool(np.ndim(table["prediction"].iloc[0]) == 1 and len(table["prediction"].iloc[0]) > 1)


def case_scores(table: pd.DataFrame, record: Record) -> tuple[str, np.ndarray]:
    """What a case's score is, and the scores (N,): higher is better, NaN where undefined; empty where none is known."""
    if METRIC + record.metric in table:
        return record.metric, table[METRIC + record.metric].to_numpy(float)
    if holds_classes(table):
        shares = np.stack(table["prediction"].tolist())
        return "probability of the true class", shares[np.arange(len(table)), table["target"].to_numpy()]
    if {"target", "prediction"} <= set(table) and record.metric.startswith(("ap", "map", "ar")):
        rows = (
            measured(table.iloc[[i]], record.model_copy(update={"domains": {}}), {"ap50"}) for i in range(len(table))
        )
        scores = np.array([row.get("ap50", np.nan) for row in rows])
        return ("AP50 of the case alone", scores) if np.isfinite(scores).any() else ("", np.empty(0))
    return "", np.empty(0)


def chosen(scores: np.ndarray, most: int) -> list[tuple[str, int]]:
    """(place, row) of up to `most` cases of each place, by score, of equal ones by row; no case stands twice."""
    order = np.argsort(scores, kind="stable")
    order = order[np.isfinite(scores[order])]
    middle = max((len(order) - most) // 2, 0)
    slices = zip(PLACES, (order[:most], order[middle : middle + most], order[::-1][:most]), strict=True)
    taken: dict[int, str] = {}
    for place, rows in slices:
        for row in rows.tolist():
            taken.setdefault(row, place)
    return [(place, row) for row, place in taken.items()]


def shown_cases(
    table: pd.DataFrame,
    record: Record,
    classes: Sequence[str],
    picture_of: Callable[[Record, str], Picture | None],
    most: int,
) -> ShownCases:
    """The cases of `Store.cases` that a reader looks at first."""
    name, scores = case_scores(table, record)
    rows = chosen(scores, most) if len(scores) else []
    values = {row: table.iloc[row] for _, row in rows}
    lines = []
    for place, row in rows:
        case = str(values[row]["case"])
        target, prediction = described(values[row], classes)
        picture = picture_of(record, case)
        truth, found = (boxes_of(values[row].get(column), column) for column in ("target", "prediction"))
        lines.append(CaseLine(place, case, target, prediction, float(scores[row]), picture, truth, found))
    return ShownCases(name, tuple(lines))


def described(row: pd.Series, classes: Sequence[str]) -> tuple[str, str]:
    """Target and prediction of a case in words."""
    target: Any = row.get("target")
    prediction: Any = row.get("prediction")
    if isinstance(target, int | np.integer) and np.ndim(prediction) == 1:
        chosen = int(np.argmax(np.asarray(prediction)))
        return class_name(int(target), classes), f"{class_name(chosen, classes)} ({prediction[chosen]:.2f})"
    if target is None and prediction is None:
        scores = {str(k).removeprefix(METRIC): v for k, v in row.items() if str(k).startswith(METRIC)}
        return "", ", ".join(f"{name} {value:.3f}" for name, value in scores.items() if not pd.isna(value))
    if prediction is not None and np.ndim(target):
        sure = sum(1 for box in prediction if len(box) > 1 and box[1] >= SHOWN_SCORE)
        return f"{len(target)} boxes", f"{len(prediction)} boxes, {sure} with a score of {SHOWN_SCORE:g} or more"
    return str(target), str(prediction)[:200]


def class_name(index: int, classes: Sequence[str]) -> str:
    """The name of a class, or its number where that is all that is known."""
    return classes[index] if 0 <= index < len(classes) else f"class {index}"


def boxes_of(value: Any, column: str) -> Boxes:
    """The boxes of a cell, where it has such; of predictions those that are drawn."""
    width = {"target": 5, "prediction": 6}[column]
    if value is None or isinstance(value, str) or np.ndim(value) == 0:
        return ()
    rows = [row for row in value if np.ndim(row) == 1 and len(row) == width]
    if column == "prediction":
        rows = sorted((row for row in rows if row[1] >= SHOWN_SCORE), key=lambda row: -row[1])[:MOST_BOXES]
    corners = [[round(float(v), 1) for v in row[-4:]] for row in rows]
    return tuple((x, y, round(right - x, 1), round(bottom - y, 1)) for x, y, right, bottom in corners)
