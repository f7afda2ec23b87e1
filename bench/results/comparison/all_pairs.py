"""All pairs that a board tested, of which it shows the difference to the best: the same tests, corrected together."""

from __future__ import annotations

import pandas as pd

from bench.results.comparison.with_best import tested_pairs
from bench.results.frame import CONTESTANT, GROUP
from bench.results.leaderboard import counting, first
from bench.results.statistics.evidence import Evidence
from bench.results.statistics.metric_facts import facts_of

COLUMNS = ("a", "b", "difference", "low", "high", "p_holm", "p_equivalence", "tested")


def all_pairs(frame: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of contestants of a group of the board; `a` and `b` are its rows, and the difference is a - b.

    `frame` is that of `read_frame`, `board` that of `detailed_board`. Pairs of two variants are not tested. Empty where
    the frame does not say where its records lie.

    Raises:
        StorageError: a file of cases is missing or was changed.
    """
    evidence = Evidence(frame)
    if board.empty or evidence.store is None:
        return pd.DataFrame(columns=list(COLUMNS))
    keys = GROUP + CONTESTANT
    numbers = frame.groupby(keys, sort=True).ngroup()
    own = first(frame, numbers)[keys]
    number_of = {tuple(key): number for number, *key in own.itertuples(name=None)}
    places = pd.Series(board.index, [number_of[tuple(key)] for key in board[keys].itertuples(index=False, name=None)])
    rows = board.set_index(places.index).sort_index()
    groups = rows.groupby(GROUP).ngroup()
    counts = counting(rows, groups)
    contestants = evidence.contestants(frame, numbers)
    lines: list[list[object]] = []
    for _, group in rows.groupby(groups, sort=True):
        margin = facts_of(str(group["metric"].iloc[0])).margin
        found = tested_pairs(group, group.index[counts[group.index]], contestants, evidence)
        for (a, b), one in found.items():
            test = one.difference
            ends = [test.value, test.low, test.high, one.p_holm, one.p_equivalence, one.words(margin)]
            lines.append([places[a], places[b], *ends])
    evidence.cache.save()
    return pd.DataFrame(lines, columns=list(COLUMNS))
