"""Whether the metrics that a record states are those of its own cases: edits that came with a new digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.core.errors import StorageError
from bench.results.case_table import read_cases
from bench.results.record import Record, Scores
from bench.results.statistics.run_draws import mean_scores, measured
from bench.results.store import InvalidRecord, Problem, Store

if TYPE_CHECKING:
    import pandas as pd

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


@dataclass(frozen=True)
class Difference:
    """A score that a record states, and what its cases give."""

    name: str
    stated: float | None
    found: float | None

    def __str__(self) -> str:
        return f"it states {self.name} {_shown(self.stated)}, and its own cases give {_shown(self.found)}"


def contradiction(record: Record, cases: Path) -> str:
    """What the record states and its cases do not bear out; empty where they agree, or where they do not tell.

    Means over domains and over draws are taken again from what the record says of each. Everything else is computed
    from the file `cases`, as far as the harness knows the kind: with the tolerances above.
    """
    if wrong := _first_of_both(differences_of_means(record)):
        return wrong
    if record.draws:
        return ""
    try:
        table = read_cases(cases)
    except StorageError as error:
        return " ".join(str(error).splitlines())
    if wrong_form := another_form(record, table):
        return wrong_form
    return _first_of_both(differences(record, record.metrics, table))


def _first_of_both(found: Iterator[Difference]) -> str:
    """The first difference of two values, as text; boards do not ask why a score is undefined."""
    return str(next((one for one in found if None not in (one.stated, one.found)), ""))


def another_form(record: Record, table: pd.DataFrame) -> str:
    """How the table of a record's cases is not the one that it states; empty where it is."""
    if len(table) == record.cases.rows and list(table) == record.cases.columns:
        return ""
    return f"its cases are {len(table)} rows of {', '.join(map(str, table))}, and it states others"


def differences_of_means(record: Record) -> Iterator[Difference]:
    """Metrics that are not the means of those of the record's draws, or domains, where it has any."""
    parts = [draw.metrics for draw in record.draws] or list(record.domains.values())
    means = mean_scores(parts)
    yield from _differences(record.metrics, means, dict.fromkeys(means, ROUNDING))


def differences(record: Record, stated: Scores, table: pd.DataFrame) -> Iterator[Difference]:
    """Scores `stated` over some cases of a record that are not those of the `table` of these cases.

    None where a kind of a plugin keeps its cases in a form of its own.
    """
    try:
        found = measured(table, record, set(stated))
    except (ValueError, TypeError, IndexError, KeyError):
        return
    yield from differences_from(found, stated, table)


def differences_from(found: Scores | Mapping[str, float], stated: Scores, table: pd.DataFrame) -> Iterator[Difference]:
    """Scores `stated` that are not those `found`, but for what rounding of the predictions in the table leaves open."""
    yield from _differences(stated, found, _tolerances(table, found))


def _differences(
    stated: Scores, found: Mapping[str, float | None], tolerances: Mapping[str, float]
) -> Iterator[Difference]:
    for name, value in found.items():
        if name not in stated:
            continue
        there, value = stated[name], None if value is None or not np.isfinite(value) else value
        if there is None or value is None:
            if there is not value:
                yield Difference(name, there, value)
        elif abs(there - value) > tolerances[name] * max(1.0, abs(value)):
            yield Difference(name, there, value)


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6g}"


def _tolerances(table: pd.DataFrame, found: Mapping[str, float | None]) -> dict[str, float]:
    tolerances = dict.fromkeys(found, ROUNDING)
    if "accuracy" in found and "prediction" in table:
        probabilities = np.stack(table["prediction"].tolist())
        if "macro_auroc" in found:
            tolerances["macro_auroc"] += _tied(table["target"].to_numpy(), probabilities)
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
