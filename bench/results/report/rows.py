"""The contestants of a group as the report's table has them: texts as boards write them, and drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.results.frame import CONTESTANT, GROUP
from bench.results.leaderboard import is_variant
from bench.results.report.scales import Scale, scale_of
from bench.results.report.text import between, ranks, short, sort_key
from bench.results.tables import percent
from bench.results.written.columns import p_value, signed
from bench.results.written.keys import settings_cell

WIDTH = 240
"""Of the drawing of an interval, pixels."""
RANK_WIDTH = 90
NAN = float("nan")


@dataclass(frozen=True)
class Cell:
    """A text, and the number that it is sorted by."""

    text: str
    key: str = ""


@dataclass(frozen=True)
class Drawing:
    """An interval with its middle, and points; places in pixels."""

    middle: float | None
    low: float | None
    high: float | None
    points: tuple[float, ...] = ()


@dataclass(frozen=True)
class RunLink:
    """A run of a contestant."""

    seed: int
    score: str
    anchor: str


@dataclass(frozen=True)
class Row:
    """A contestant."""

    number: int
    """In the board."""
    label: str
    """Short, unlike that of every other row of the group."""
    method: str
    settings: str
    corpus: str
    collapsed: str
    variant: bool
    best: bool
    cells: Mapping[str, Cell]
    interval: Drawing
    places: Drawing
    runs: tuple[RunLink, ...]


def anchor_of(identity: str) -> str:
    """Where a run stands in the report."""
    return f"run-{identity[:12]}"


def rows_of(board: pd.DataFrame, runs: pd.DataFrame, axis: Scale | None) -> list[Row]:
    """The rows of one group of a board (of `join_published` or `detailed_board`), with their runs from the frame."""
    variants = is_variant(board).to_dict()
    labels = labels_of(board)
    most = max([1.0, *board[["rank", "rank_high"]].max().dropna()])
    places = Scale(1 - 0.04 * most, most * 1.04, 4, RANK_WIDTH - 4)
    own = dict(iter(runs.groupby([*GROUP, *CONTESTANT], sort=False)))
    found = []
    facts: dict[Any, dict[Any, Any]] = board.to_dict("index")
    for number, r in facts.items():
        mine = own[tuple(r[name] for name in (*GROUP, *CONTESTANT))].sort_values("seed")
        scores = [Scored(*one) for one in mine[["seed", "score", "identity"]].itertuples(index=False, name=None)]
        share = r["collapsed"]
        count = "" if pd.isna(share) or not share else f"{round(share * r['seeds'])} of {r['seeds']} seeds"
        found.append(
            Row(
                number=int(number),
                label=labels[number],
                method=r["method"],
                settings=settings_cell(r),
                corpus=r["corpus"],
                collapsed=count,
                variant=bool(variants[number]),
                best=r["tested"] == "the best",
                cells=_cells(r),
                interval=_drawing(axis, r["mean"], r["ci95_low"], r["ci95_high"], [one.score for one in scores]),
                places=_drawing(places, r["rank"], r["rank_low"], r["rank_high"], ()),
                runs=tuple(one.link for one in scores),
            )
        )
    return found


@dataclass(frozen=True)
class Scored:
    """A run's seed, score and identity."""

    seed: int
    score: float
    identity: str

    @property
    def link(self) -> RunLink:
        """The run in the report."""
        return RunLink(int(self.seed), percent(self.score, NAN), anchor_of(self.identity))


def axis_of(board: pd.DataFrame, runs: pd.DataFrame) -> Scale | None:
    """The axis that all intervals and seeds of a group share."""
    ends = [v for name in ("mean", "ci95_low", "ci95_high") for v in board[name]]
    return scale_of([*ends, *runs["score"]], 6, WIDTH - 6)


def labels_of(board: pd.DataFrame) -> dict[Any, str]:
    """Method, and of settings, corpus and pretraining what tells the rows of a group apart."""
    texts = {i: [str(r["method"])] for i, r in board.to_dict("index").items()}
    trained = [set(text.split()) for text in board.loc[board["corpus"] != "", "settings"]]
    constant = set.intersection(*trained) if trained else set()
    own = {i: " ".join(s for s in str(v).split() if s not in constant) for i, v in board["settings"].items()}
    for column in (own, board["corpus"], board["pretraining_hash"]):
        counts = pd.Series({i: " ".join(parts) for i, parts in texts.items()})
        repeated = counts[counts.duplicated(keep=False)].index
        for i in repeated:
            if column[i]:
                texts[i].append(str(column[i]))
    return {i: " ".join(parts) for i, parts in texts.items()}


def _cells(r: Mapping[Any, Any]) -> dict[str, Cell]:
    to_best = signed(r["difference_to_best"], r["difference_low"], r["difference_high"])
    reported = r.get("reported_mean", NAN)
    return {
        "rank": Cell(ranks(r["rank"], r["rank_low"], r["rank_high"]), sort_key(r["rank"])),
        "mean": Cell(percent(r["mean"], r["std"]), sort_key(r["mean"])),
        "interval": Cell(between(r["ci95_low"], r["ci95_high"]), sort_key(r["ci95_low"])),
        "over": Cell(r["interval_over"]),
        "to_best": Cell("" if r["tested"] == "the best" else to_best, sort_key(r["difference_to_best"])),
        "p": Cell(p_value(r["p_holm"]), sort_key(r["p_holm"])),
        "tested": Cell(r["tested"]),
        "no_copies": _clean(r, "without_duplicates", "clean_cases"),
        "no_near": _clean(r, "without_near_duplicates", "near_clean_cases"),
        "reported": Cell("" if pd.isna(reported) else percent(reported, r["reported_std"]), sort_key(reported)),
        "parameters": Cell(short(r["parameters"], 1e6), sort_key(r["parameters"])),
        "gflops": Cell(short(r["gflops_per_image"]), sort_key(r["gflops_per_image"])),
        "pretraining": Cell(short(r["pretrain_seconds"]), sort_key(r["pretrain_seconds"])),
        "adaptation": Cell(short(r["adapt_seconds"]), sort_key(r["adapt_seconds"])),
        "memory": Cell(short(r["peak_memory_mib"]), sort_key(r["peak_memory_mib"])),
    }


def _clean(r: Mapping[Any, Any], name: str, count: str) -> Cell:
    mean, n, every = r[f"mean_{name}"], r[count], r["test_cases"]
    return Cell(percent(mean, NAN) + (f" ({n:.0f} of {every:.0f})" if n != every else ""), sort_key(mean))


def _drawing(axis: Scale | None, middle: float, low: float, high: float, points: Sequence[float]) -> Drawing:
    if axis is None:
        return Drawing(None, None, None)
    first, second, third = (None if pd.isna(v) else axis(v) for v in (middle, low, high))
    return Drawing(first, second, third, tuple(axis(v) for v in points if not pd.isna(v)))
