"""From the records of contestants to intervals and differences, read again only where records changed.

A frame of `read_frame`, or of `to_frame` with a results folder, says where its records lie; one that does not has no
intervals.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.core.errors import StorageError
from bench.results.frame import CACHE, RESULTS
from bench.results.statistics.differences import Difference, Law, difference
from bench.results.statistics.kept import StatisticsCache, cache_file, key_of
from bench.results.statistics.metric_facts import facts_of
from bench.results.statistics.run_draws import DROP, RunDraws, run_draws
from bench.results.statistics.two_level import LEAST_SEEDS, Scores, percentile_interval, resampled_means, spread_of
from bench.results.store import InvalidRecord, Store

SAMPLE = 1000
"""Draws that are kept of each contestant, for intervals of ranks."""
AT_HAND = 400
"""Runs whose draws of the headline metric stay in memory, 40 kB each."""


@dataclass(frozen=True)
class Run:
    """A record of a contestant."""

    path: str
    """Relative to results/runs."""
    digest: str
    seed: int
    metric: str


@dataclass(frozen=True)
class Intervals:
    """What the cases and seeds of one contestant tell."""

    over: str
    """`cases`, `subjects`, `seeds and cases` or `seeds and subjects`."""
    metrics: dict[str, tuple[float, float, float]]
    """Metric -> mean, and ends of its 95 % interval."""
    sample: np.ndarray
    """(SAMPLE,) draws of the headline metric's mean, float32; empty where it has no interval."""


NOTHING = Intervals("", {}, np.empty(0, np.float32))


class Evidence:
    """The cases of the records of one frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        folder, cache = (Path(frame.attrs[name]) if frame.attrs.get(name) else None for name in (RESULTS, CACHE))
        self.store = Store(folder) if folder else None
        self.cache = StatisticsCache(cache_file(folder, cache, "-statistics") if folder else None)
        self._at_hand: dict[Run, RunDraws] = {}

    def contestants(self, frame: pd.DataFrame, rows: pd.Series) -> dict[int, tuple[Run, ...]]:
        """The runs of each row, by seed; none where the frame does not say where its records lie."""
        if self.store is None:
            return {}
        found: dict[int, list[Run]] = {}
        facts = frame[["path", "digest", "seed", "metric"]].itertuples(index=False, name=None)
        for row, one in zip(rows.to_list(), facts, strict=True):
            found.setdefault(row, []).append(Run(*one))
        return {row: tuple(sorted(runs, key=lambda run: run.seed)) for row, runs in found.items()}

    def intervals(self, runs: Sequence[Run]) -> Intervals:
        """Means and intervals of all metrics of a contestant. Raises `StorageError`."""
        key = key_of("intervals", (run.digest for run in runs))
        kept = self.cache.get(key)
        if kept is None:
            kept = _packed(self._intervals(runs))
            self.cache.put(key, kept)
        return _unpacked(kept)

    def differences(self, pairs: Sequence[tuple[Sequence[Run], Sequence[Run]]]) -> list[Difference]:
        """The headline metric of the first of each pair less that of the second. Raises `StorageError`."""
        key = key_of("differences", (f"{a.digest} {i}" for i, pair in enumerate(pairs) for side in pair for a in side))
        kept = self.cache.get(key)
        if kept is None:
            made = [difference(self.scores(a), self.scores(b)) for a, b in pairs]
            kept = json.dumps([astuple(one) for one in made]).encode()
            self.cache.put(key, kept)
        return [_difference(*one) for one in json.loads(kept)]

    def scores(self, runs: Sequence[Run]) -> Scores:
        """The headline metric of a contestant by seed, with its draws; all undefined where they cannot be computed."""
        found = [self._at_hand.get(run) or self._draw(run, (run.metric,)) for run in runs]
        return _scores(runs, found, runs[0].metric)

    def _draw(self, run: Run, only: Sequence[str] | None = None) -> RunDraws:
        """Draws of a run's metrics; those of its headline metric stay at hand for a while."""
        assert self.store is not None
        try:
            record = self.store.read(self.store.runs / run.path)
        except InvalidRecord as error:  # since the frame was made
            raise StorageError(f"{self.store.runs / run.path}: {error}. Run the same command again.") from error
        found = run_draws(self.store, record, only)
        if len(self._at_hand) >= AT_HAND:
            del self._at_hand[next(iter(self._at_hand))]
        kept = {run.metric} & found.draws.keys()
        self._at_hand[run] = replace(found, draws={name: found.draws[name] for name in kept})
        return found

    def _intervals(self, runs: Sequence[Run]) -> Intervals:
        headline = runs[0].metric
        found = [self._draw(run) for run in runs]
        names = [name for name in found[0].recorded if all(name in one.recorded for one in found)]
        metrics, sample = {}, NOTHING.sample
        for name in names:
            scores = _scores(runs, found, name)
            spread = spread_of(scores.recorded, scores.draws, scores.n_subjects)
            low, high = np.nan, np.nan
            if spread is not None:
                facts = facts_of(headline)
                ends = (facts.low - facts.high, facts.high - facts.low) if name == DROP else _range(name)
                means = resampled_means(scores, spread, *ends)
                low, high = percentile_interval(means)
                sample = means[:SAMPLE].astype(np.float32) if name == headline else sample
            metrics[name] = (float(scores.recorded.mean()), low, high)
        unit = "subjects" if found[0].subjects_known else "cases"
        over = f"seeds and {unit}" if len(runs) >= LEAST_SEEDS else unit
        return Intervals(over if metrics else "", metrics, sample)


def _range(metric: str) -> tuple[float, float]:
    facts = facts_of(metric)
    return facts.low, facts.high


def _scores(runs: Sequence[Run], found: Sequence[RunDraws], metric: str) -> Scores:
    lacking = RunDraws("", 0, False, {metric: np.nan}, {metric: np.full(1, np.nan, np.float32)})
    found = found if all(metric in one.draws for one in found) else [lacking] * len(found)
    return Scores(
        tuple(run.seed for run in runs),
        np.array([one.recorded[metric] for one in found]),
        np.stack([one.draws[metric] for one in found]),
        tuple(one.test_set for one in found),
        min(one.n_subjects for one in found),
        all(one.subjects_known for one in found),
    )


def _difference(value: float, low: float, high: float, smallest: float, law: Any, seeds: int) -> Difference:
    return Difference(value, low, high, smallest, Law(*law) if law else None, seeds)


def _packed(found: Intervals) -> bytes:
    head = json.dumps([found.over, found.metrics]).encode()
    return len(head).to_bytes(4, "big") + head + found.sample.tobytes()


def _unpacked(content: bytes) -> Intervals:
    end = 4 + int.from_bytes(content[:4], "big")
    over, metrics = json.loads(content[4:end])
    values = {name: (one[0], one[1], one[2]) for name, one in metrics.items()}
    return Intervals(over, values, np.frombuffer(content[end:], np.float32))
