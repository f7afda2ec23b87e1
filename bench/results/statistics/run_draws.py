"""The cases of one record -> draws of its metrics: what they would have been on resampled cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.results.case_table import METRIC, file_hash, read_cases
from bench.results.record import Record
from bench.results.statistics.box_metrics import box_metrics
from bench.results.statistics.class_metrics import class_metrics
from bench.results.statistics.resampling import case_weights
from bench.results.statistics.subjects import subjects_of
from bench.results.store import Store

if TYPE_CHECKING:
    import pandas as pd

CALIBRATION = ("ece", "brier", "sensitivity", "specificity")
"""Metrics that follow from the stored predictions and stand in no record."""
DROP = "drop"
"""Headline metric on the trained site less the mean of the others."""
CHUNK = 1 << 22
"""Elements of the largest arrays of a step, 16 MiB."""
Weighted = Callable[[np.ndarray], Mapping[str, np.ndarray]]
"""Weights (cases, draws) -> metric -> (draws,)."""


@dataclass(frozen=True)
class RunDraws:
    """One run's metrics on its test cases and on resampled ones."""

    test_set: str
    """Hash of the ids of the cases."""
    n_subjects: int
    subjects_known: bool
    recorded: dict[str, float]
    draws: dict[str, np.ndarray]
    """Metric -> (draws,), float32, NaN where undefined; shifted by what rounding of the stored predictions makes."""


def run_draws(store: Store, record: Record, only: Sequence[str] | None = None) -> RunDraws:
    """Draws of the metrics that can be computed from the cases of a record, all or some.

    Raises:
        StorageError: a file that the record refers to is missing or was changed.
    """
    table = read_cases(store.path(record).with_suffix(".parquet"))
    cases = _names(store.results, record.split.file, record.split.fingerprint)
    subjects, known = subjects_of(store, record, cases)
    wanted = only or (*record.metrics, *CALIBRATION, *([DROP] if record.domains else ()))
    measure = _measure(table, record, set(wanted))
    weights = case_weights(subjects)
    step = max(CHUNK // len(table), 1)
    parts = [measure(weights[:, i : i + step]) for i in range(0, weights.shape[1], step)]
    found = measure(np.ones((len(table), 1), dtype=np.float32))
    values = {name: _recorded(record, name, float(found[name][0])) for name in wanted if name in found}
    draws = {name: np.concatenate([part[name] for part in parts]) for name in values}
    draws = {name: _centred(name, d, float(found[name][0]), values[name]) for name, d in draws.items()}
    return RunDraws(file_hash("\n".join(cases).encode())[:16], len(set(subjects)), known, values, draws)


def measured(table: pd.DataFrame, record: Record, wanted: set[str]) -> dict[str, float]:
    """The wanted metrics as they follow from the cases of a record, as far as its kind is known here."""
    found = _measure(table, record, wanted)(np.ones((len(table), 1), dtype=np.float32))
    return {name: float(values[0]) for name, values in found.items() if name in wanted}


def mean_scores(parts: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Mean of each metric over domains or draws; None where one of them lacks it."""
    columns = {name: [scores.get(name) for scores in parts] for name in dict.fromkeys(n for s in parts for n in s)}
    return {
        name: None if None in values else float(np.mean([v for v in values if v is not None]))
        for name, values in columns.items()
    }


@lru_cache(maxsize=64)
def _names(results: Path, split_file: str, fingerprint: str) -> tuple[str, ...]:
    return tuple(Store(results).names_of(split_file, fingerprint))


def _recorded(record: Record, name: str, computed: float) -> float:
    """The value that the record has; what was computed where it has none."""
    if name in CALIBRATION or name == DROP:
        return computed
    value = record.metrics[name]
    return float("nan") if value is None else value


def _centred(name: str, draws: np.ndarray, computed: float, value: float) -> np.ndarray:
    """Draws around the recorded value. Calibration error is too great on resampled cases, which is taken off twice:
    once to come to what was found, and once more because that is as much too great (Efron and Tibshirani 1993, 10.6).
    """
    excess = 2 * (float(np.nanmean(draws)) - computed) if name == "ece" else 0.0
    shifted: np.ndarray = (draws + (value - computed - excess)).astype(np.float32)
    return shifted


def _measure(table: pd.DataFrame, record: Record, wanted: set[str]) -> Weighted:
    """What computes the wanted metrics from weights; means over the domains where there are several."""
    if not record.domains:
        return _of_kind(table, wanted)
    places = table["domain"].to_numpy()
    sites = {d: np.flatnonzero(places == d) for d in record.domains}
    parts = {d: _of_kind(table.iloc[own], wanted - {DROP} | {record.metric}) for d, own in sites.items()}

    def over_sites(weights: np.ndarray) -> dict[str, np.ndarray]:
        found = {d: part(weights[sites[d]]) for d, part in parts.items()}
        means = {name: _mean([one[name] for one in found.values()]) for name in next(iter(found.values()))}
        if DROP in wanted and record.metric in means and len(found) > 1:
            others = _mean([one[record.metric] for d, one in found.items() if d != record.trained_domain])
            means[DROP] = found[str(record.trained_domain)][record.metric] - others
        return means

    return over_sites


def _mean(values: Iterable[np.ndarray]) -> np.ndarray:
    mean: np.ndarray = np.mean(list(values), axis=0)
    return mean


def _of_kind(table: pd.DataFrame, wanted: set[str]) -> Weighted:
    """By what the cases hold: scores of their own, class probabilities, or boxes. Other tables have no draws."""
    if any(str(column).startswith(METRIC) for column in table):
        columns = {name: table[METRIC + name].to_numpy(float) for name in wanted if METRIC + name in table}
        return lambda weights: means_of_cases(columns, weights)
    if "prediction" not in table or not len(table):
        return lambda weights: {}
    if table["target"].dtype.kind == "i":
        target, probabilities = table["target"].to_numpy(), np.stack(table["prediction"].tolist())
        if probabilities.ndim != 2:
            return lambda weights: {}
        whole = bool(wanted & {"macro_auroc", *CALIBRATION})
        return lambda weights: class_metrics(target, probabilities, weights, whole)
    if not all(_holds_boxes(table[name], width) for name, width in (("target", 5), ("prediction", 6))):
        return lambda weights: {}
    truth, found = (_boxes(table[name], width) for name, width in (("target", 5), ("prediction", 6)))
    n_thresholds = 10 if wanted - {"ap50"} else 1
    return lambda weights: box_metrics(truth, found, weights, n_thresholds)


def _holds_boxes(column: pd.Series, width: int) -> bool:
    """Whether every case has a list of rows of `width` numbers; kinds of other packages may keep anything."""
    rows = [row for case in column if case is not None for row in (case if np.ndim(case) else [case])]
    return all(np.ndim(row) == 1 and len(row) == width for row in rows)


def _boxes(column: pd.Series, width: int) -> list[np.ndarray]:
    return [np.array([np.asarray(box) for box in boxes], dtype=np.float64).reshape(-1, width) for boxes in column]


def means_of_cases(columns: Mapping[str, np.ndarray], weights: np.ndarray) -> dict[str, np.ndarray]:
    """Weighted mean of each column (cases,) over the cases where it is defined."""
    if not columns:
        return {}
    values = np.stack(list(columns.values()))
    defined = np.isfinite(values)
    sums = np.where(defined, values, 0.0) @ weights.astype(np.float64)  # see `class_metrics.calibration`
    counts = defined.astype(np.float32) @ weights
    with np.errstate(invalid="ignore"):
        means = sums / np.where(counts > 0, counts, np.nan)
    return dict(zip(columns, means, strict=True))
