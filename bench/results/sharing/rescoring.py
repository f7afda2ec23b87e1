"""All scores that a record states, computed again from the cases beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.core.errors import StorageError
from bench.results.case_table import METRIC, read_cases, size_of
from bench.results.record import Record, Scores
from bench.results.sharing.findings import Finding
from bench.results.sharing.references import References
from bench.results.statistics.agreement import Difference, another_form, differences, differences_of_means
from bench.results.statistics.run_draws import measured

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES = 20_000
"""Of one case, in all columns."""
PREDICTIONS, CASES, DRAWS, UNKNOWN = (
    "from stored predictions",
    "from scores of each case",
    "from the scores of draws alone",
    "not, for the kind is not known here",
)
"""From what scores were computed again."""


def rescore(record: Record, path: str, references: References) -> tuple[list[Finding], str]:
    """Scores that its cases do not give, and from what they were computed again.

    The record's own files must hold (`References.check`). Of draws no predictions are stored, only their scores.
    """
    found = [_finding(path, "metrics", one) for one in differences_of_means(record)]
    if record.draws:
        return found, DRAWS
    try:
        table = _table(record, (references.store.results / path).with_suffix(".parquet"))
        names, left_out = references.test_cases(record), references.left_out(record)
    except (StorageError, KeyError, TypeError, ValueError) as error:
        return [*found, Finding(path, "cases", " ".join(str(error).splitlines()))], UNKNOWN
    if (wrong := another_form(record, table)) or len(names) != len(table):
        return [*found, Finding(path, "cases", wrong or f"{len(table)} rows for {len(names)} test cases")], UNKNOWN
    known: dict[tuple[bytes, str, bool], list[Difference]] = {}
    for where, stated, rows in _parts(record, table, names, left_out):
        whole = where.startswith("metrics")
        key = (rows.tobytes(), repr(stated), whole)  # without copies in the test split, all parts are one
        if key not in known:
            plain = record if whole else record.model_copy(update={"domains": {}})
            known[key] = list(_of_rows(plain, stated, table[rows]))
        found += [_finding(path, where, one) for one in known[key]]
    return found, _source(record, table)


def _table(record: Record, file: Path) -> pd.DataFrame:
    """The cases, where they have the size that the record states; a small file may hold a great deal."""
    rows, values = size_of(file)
    if rows != record.cases.rows or values > MOST_VALUES * (rows + 1):
        raise ValueError(f"{rows} rows with {values} values, and it states {record.cases.rows} rows")
    return read_cases(file)


def _parts(
    record: Record, table: pd.DataFrame, names: list[str], left_out: dict[str, set[str]]
) -> Iterator[tuple[str, Scores, np.ndarray]]:
    """Field, its scores, and the rows (cases,) that they are over."""
    yield "metrics", record.metrics, np.ones(len(table), dtype=bool)
    for where, without in left_out.items():
        yield where, getattr(record, where) or {}, np.array([name not in without for name in names], dtype=bool)
    for domain, stated in record.domains.items():
        yield f"domains.{domain}", stated, (table["domain"] == domain).to_numpy()


def _of_rows(record: Record, stated: Scores, table: pd.DataFrame) -> Iterator[Difference]:
    """Differences over some rows; scores over no rows, or of a domain without any, are undefined."""
    there = set(table["domain"]) if record.domains else set()
    if not len(table) or not set(record.domains) <= there:
        yield from (Difference(name, value, None) for name, value in stated.items() if value is not None)
        return
    yield from differences(record, stated, table)


def _finding(path: str, where: str, one: Difference) -> Finding:
    return Finding(path, f"{where}.{one.name}", str(one), one.found)


def _source(record: Record, table: pd.DataFrame) -> str:
    try:
        known = bool(measured(table, record, set(record.metrics)))
    except (ValueError, TypeError, IndexError, KeyError):
        known = False
    if not known:
        return UNKNOWN
    return CASES if any(str(column).startswith(METRIC) for column in table) else PREDICTIONS
