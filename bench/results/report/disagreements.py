"""Where two classifiers disagree on the same test cases, over the seeds that they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.results.report.cases import class_name, holds_classes


@dataclass(frozen=True)
class DisagreementLine:
    """A case that one has right more often than the other."""

    case: str
    target: str
    right_a: int
    """Seeds in which a is right."""
    right_b: int
    predicted_a: str
    """Its most frequent prediction."""
    predicted_b: str


@dataclass(frozen=True)
class Disagreement:
    """Means over the common seeds, and the cases where the two differ in most seeds."""

    seeds: int
    cases: float
    only_a: float
    only_b: float
    differ: float
    """Cases with different predictions, right or wrong."""
    lines: tuple[DisagreementLine, ...]


def disagreement(
    a: Mapping[int, pd.DataFrame], b: Mapping[int, pd.DataFrame], classes: Sequence[str], most: int
) -> Disagreement | None:
    """From the tables of `Store.cases` by seed; None where no seed has the same cases with classes in both."""
    parts = [_together(a[seed], b[seed]) for seed in sorted(a.keys() & b.keys())]
    known = [part for part in parts if part is not None]
    if not known:
        return None
    every = pd.concat(known)
    every = every.assign(
        only_a=every["right_a"] & ~every["right_b"],
        only_b=every["right_b"] & ~every["right_a"],
        differ=every["a"] != every["b"],
    )
    sums = every[["only_a", "only_b", "differ"]].sum() / len(known)
    lines = _lines(every, classes, most)
    only_a, only_b, differ = (float(sums[name]) for name in ("only_a", "only_b", "differ"))
    return Disagreement(len(known), len(every) / len(known), only_a, only_b, differ, lines)


def _together(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame | None:
    if not holds_classes(a) or not holds_classes(b) or not a["case"].equals(b["case"]):
        return None
    found = {name: np.stack(one["prediction"].tolist()).argmax(axis=1) for name, one in (("a", a), ("b", b))}
    target = a["target"].to_numpy()
    rights = {f"right_{name}": values == target for name, values in found.items()}
    return pd.DataFrame({"case": a["case"], "target": target, **found, **rights})


def _lines(every: pd.DataFrame, classes: Sequence[str], most: int) -> tuple[DisagreementLine, ...]:
    cases = every.groupby("case", sort=True)
    table = pd.DataFrame(
        {
            "target": cases["target"].first(),
            "right_a": cases["right_a"].sum(),
            "right_b": cases["right_b"].sum(),
        }
    )
    gain = table["right_a"] - table["right_b"]
    first = gain[gain > 0].sort_values(ascending=False, kind="stable").index[:most]
    second = gain[gain < 0].sort_values(kind="stable").index[:most]
    usual = {
        (name, case): int(v.mode().iloc[0]) for name in ("a", "b") for case, v in _of(every, name, [*first, *second])
    }
    return tuple(
        DisagreementLine(
            str(case),
            class_name(int(table["target"][case]), classes),
            int(table["right_a"][case]),
            int(table["right_b"][case]),
            class_name(usual["a", case], classes),
            class_name(usual["b", case], classes),
        )
        for case in [*first, *second]
    )


def _of(every: pd.DataFrame, name: str, cases: Sequence[str]) -> list[tuple[str, pd.Series]]:
    return [(str(case), own[name]) for case, own in every[every["case"].isin(cases)].groupby("case", sort=True)]
