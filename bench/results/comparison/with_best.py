"""Every row of a board beside the best of its group: difference, corrected tests and words, interval of the rank.

Which row is best is seen in the same data. So the tests of a group are a family of *all pairs* of its methods with
their own settings, not of the best with each; variants are a second family, of each with each of those methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.results.statistics.differences import Difference
from bench.results.statistics.evidence import Evidence, Run
from bench.results.statistics.metric_facts import facts_of
from bench.results.statistics.seeds import holm
from bench.results.statistics.two_level import ALPHA, LEAST_SEEDS

Contestants = Mapping[int, Sequence[Run]]
Pair = tuple[int, int]
COLUMNS = ("difference_to_best", "difference_low", "difference_high", "p_holm", "p_equivalence")


def compare_with_best(
    board: pd.DataFrame, groups: pd.Series, counts: pd.Series, contestants: Contestants, evidence: Evidence
) -> pd.DataFrame:
    """Add `COLUMNS`, `margin`, `tested`, `rank_low` and `rank_high` to a board in the order of its index.

    Of equal best rows the first is *the best*. Rows that count are those of methods with their own settings.
    """
    parts = []
    for _, rows in board.groupby(groups, sort=True):
        ranked = rows[counts[rows.index]]
        best = ranked.index[ranked["rank"] == 1][:1]
        found = {} if not len(best) or not contestants else _tests(rows, ranked.index, best[0], contestants, evidence)
        columns = pd.DataFrame.from_dict(found, orient="index", columns=[*COLUMNS, "tested"]).reindex(rows.index)
        parts.append(pd.concat([columns, rank_intervals(rows, counts[rows.index])], axis=1))
    added = pd.concat(parts)
    margins = [facts_of(metric).margin for metric in board["metric"]]
    added = added.assign(margin=pd.Series(margins, index=board.index, dtype=float))
    order = ["rank_low", "rank_high", *COLUMNS, "margin", "tested"]
    types = dict.fromkeys(order[:-1], float)
    return pd.concat([board, added[order].astype(types).fillna({"tested": ""})], axis=1)


class Tested(NamedTuple):
    """A pair's difference, and its p of no difference and of one beyond the margin, corrected over its family."""

    difference: Difference
    p_holm: float
    p_equivalence: float

    def words(self, margin: float | None) -> str:
        """What the tests say."""
        return verdict(self.difference, self.p_holm, self.p_equivalence, margin)


def tested_pairs(
    rows: pd.DataFrame, ranked: pd.Index, contestants: Contestants, evidence: Evidence
) -> dict[Pair, Tested]:
    """All pairs of the ranked rows of a group, and each of its other rows, the variants, with each of those."""
    variants = [row for row in rows.index if row not in ranked]
    families = [[*combinations(ranked, 2)], [(variant, method) for variant in variants for method in ranked]]
    margin = facts_of(str(rows["metric"].iloc[0])).margin
    found: dict[Pair, Tested] = {}
    for family in families:
        tests = evidence.differences([(contestants[a], contestants[b]) for a, b in family]) if family else []
        zero = holm(np.array([test.p_of_zero() for test in tests]))
        outside = holm(np.array([test.p_outside(margin) for test in tests]))
        found |= {pair: Tested(*one) for pair, one in zip(family, zip(tests, zero, outside, strict=True), strict=True)}
    return found


def _tests(
    rows: pd.DataFrame, ranked: pd.Index, best: int, contestants: Contestants, evidence: Evidence
) -> dict[int, list[object]]:
    """Row -> `COLUMNS` and words; positive differences are of rows above the best, as a variant may be."""
    margin = facts_of(str(rows["metric"].iloc[0])).margin
    found = tested_pairs(rows, ranked, contestants, evidence)
    lines: dict[int, list[object]] = {best: [0.0, *[np.nan] * 4, "the best"]}
    for row in rows.index[rows.index != best]:
        sign = 1 if (row, best) in found else -1
        one = found[(row, best) if sign > 0 else (best, row)]
        test = one.difference
        ends = sorted([sign * test.low, sign * test.high])
        lines[row] = [sign * test.value, *ends, one.p_holm, one.p_equivalence, one.words(margin)]
    return lines


def verdict(test: Difference, p: float, p_outside: float, margin: float | None) -> str:
    """What the corrected tests of a pair say, in words."""
    if not test.tested:
        few = test.seeds < LEAST_SEEDS
        return f"not tested: {f'fewer than {LEAST_SEEDS} common seeds' if few else 'no common cases'}"
    same = f"equivalent within {margin:g}" if margin is not None and p_outside < ALPHA else ""
    if p < ALPHA:
        return f"differs, {same}" if same else "differs"
    return same or "not told apart"


def rank_intervals(rows: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """`rank_low` and `rank_high`: 95 % percentile interval of each row's rank among those that count."""
    sizes = {len(sample) for sample in rows["sample"]}
    undefined = pd.DataFrame({"rank_low": np.nan, "rank_high": np.nan}, index=rows.index)
    if sizes == {0} or len(sizes) > 1 or len(rows) < 2:
        return undefined
    draws = np.stack(rows["sample"].to_list())
    ranks = ranks_of(draws, draws[counts.to_numpy()])
    low, high = np.quantile(ranks, [ALPHA / 2, 1 - ALPHA / 2], axis=1, method="inverted_cdf")
    return undefined.assign(rank_low=low, rank_high=high)


def ranks_of(draws: np.ndarray, among: np.ndarray) -> np.ndarray:
    """1 and how many of `among` (M, draws) are greater than each of `draws` (N, draws), draw by draw."""
    return np.stack([1 + (among > own).sum(axis=0) for own in draws])
