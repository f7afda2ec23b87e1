"""Whether the metrics that a record states are those of its own cases: edits that came with a new digest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bench.core.errors import StorageError
from bench.results.case_table import read_cases
from bench.results.record import Record
from bench.results.statistics.run_draws import mean_scores, measured
from bench.results.store import InvalidRecord, Problem, Store

ROUNDING = 1e-4
"""Relative, of metrics of cases and of boxes, which are computed from what is stored: float32, tenths of a pixel."""
NEAR = 1e-3
"""Two probabilities that differ by less may have changed places when they were rounded."""
_reasons: dict[tuple[Path, str, str], str] = {}
"""File of the cases, digest of the record, hash of the cases -> what `contradiction` found, once in a process."""
CLASS_METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "quadratic_kappa")


def read_checked(store: Store, path: Path) -> Record:
    """One record of a store, checked as `Store.read` does, and its metrics against its cases.

    Raises:
        InvalidRecord: with what is wrong.
    """
    record = store.read(path)
    cases = path.with_suffix(".parquet")
    key = (cases, record.digest, record.cases.sha256)
    if key not in _reasons:
        _reasons[key] = contradiction(record, cases)
    if _reasons[key]:
        raise InvalidRecord(_reasons[key])
    return record


def load_checked(store: Store) -> tuple[list[Record], list[Problem]]:
    """All valid records of a store in the order of their paths, and the files that are none."""
    records, problems = [], []
    for path in store.paths():
        try:
            records.append(read_checked(store, path))
        except InvalidRecord as error:
            problems.append(Problem(path, str(error)))
    return records, problems


def contradiction(record: Record, cases: Path) -> str:
    """What the record states and its cases do not bear out; empty where they agree, or where they do not tell.

    Means over domains and over draws are taken again from what the record says of each. Everything else is computed
    from the file `cases`, as far as the harness knows the kind: with the tolerances above.
    """
    if record.draws:
        means = mean_scores([draw.metrics for draw in record.draws])
        return _first_difference(record, means, dict.fromkeys(means, ROUNDING))
    if record.domains:
        means = mean_scores(list(record.domains.values()))
        if wrong := _first_difference(record, means, dict.fromkeys(means, ROUNDING)):
            return wrong
    try:
        table = read_cases(cases)
    except StorageError as error:
        return " ".join(str(error).splitlines())
    if len(table) != record.cases.rows or list(table) != record.cases.columns:
        return f"its cases are {len(table)} rows of {', '.join(map(str, table))}, and it states others"
    try:
        found = measured(table, record, set(record.metrics))
    except (ValueError, TypeError, IndexError, KeyError):  # cases of a plugin's kind, in a form of its own
        return ""
    return _first_difference(record, found, _tolerances(table, found))


def _tolerances(table: object, found: Mapping[str, float | None]) -> dict[str, float]:
    tolerances = dict.fromkeys(found, ROUNDING)
    if "accuracy" in found:
        probabilities = np.stack(table["prediction"].tolist())  # type: ignore[index]
        if "macro_auroc" in found:
            tolerances["macro_auroc"] += _tied(table["target"].to_numpy(), probabilities)  # type: ignore[index]
        ambiguous = _ambiguous(probabilities)
        if ambiguous:
            tolerances |= dict.fromkeys(CLASS_METRICS, 2.0) | {"accuracy": ROUNDING + ambiguous}
    return tolerances


def _ambiguous(probabilities: np.ndarray) -> float:
    """Share of the rows (N, C) whose two largest values are nearly equal."""
    top = np.sort(probabilities, axis=1)[:, -2:]
    return float(np.mean(top[:, -1] - top[:, 0] < NEAR))


def _tied(target: np.ndarray, probabilities: np.ndarray) -> float:
    """By how much a mean area under the curves may differ from that of rounded probabilities (N, C).

    Rounding changes no order but makes ties, each of which counts half where the unrounded pair counted 0 or 1: half
    the share of pairs, of a class and the rest, that are tied.
    """
    shares = []
    for c in range(probabilities.shape[1]):
        _, place = np.unique(probabilities[:, c], return_inverse=True)
        positive = target == c
        tied = np.bincount(place, positive) @ np.bincount(place, ~positive)
        shares.append(tied / max(int(positive.sum()) * int((~positive).sum()), 1))
    return float(np.mean(shares)) / 2


def _first_difference(record: Record, found: Mapping[str, float | None], tolerances: Mapping[str, float]) -> str:
    for name, value in found.items():
        stated = record.metrics.get(name)
        if stated is None or value is None or not np.isfinite(value):
            continue
        if abs(stated - value) > tolerances[name] * max(1.0, abs(value)):
            return f"it states {name} {stated:.6g}, and its own cases give {value:.6g}"
    return ""
