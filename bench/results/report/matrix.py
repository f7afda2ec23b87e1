"""The matrix of paired differences of a group: row less column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bench.results.board_text import p_value, signed
from bench.results.report.rows import Row


@dataclass(frozen=True)
class Pair:
    """A cell of the matrix."""

    difference: str
    """With its interval, in percent."""
    p: str
    tested: str
    sign: str
    """`better`, `worse` or `level` by the corrected test."""


@dataclass(frozen=True)
class Matrix:
    """Rows are all contestants with a test, columns those with their own settings."""

    columns: tuple[Row, ...]
    lines: tuple[tuple[Row, tuple[Pair | None, ...]], ...]


def matrix_of(rows: Sequence[Row], pairs: pd.DataFrame) -> Matrix | None:
    """From the rows of a group and `all_pairs`; None where nothing was compared."""
    found: dict[tuple[int, int], Pair] = {}
    for r in pairs.to_dict("records"):
        a, b, value, low, high = (r[name] for name in ("a", "b", "difference", "low", "high"))
        found[a, b] = _pair(value, low, high, r["p_holm"], r["tested"])
        found[b, a] = _pair(-value, -high, -low, r["p_holm"], r["tested"])
    numbers = {row.number for row in rows}
    known = [row for row in rows if any((row.number, other) in found for other in numbers)]
    columns = tuple(row for row in known if not row.variant) or tuple(known)
    if not known:
        return None
    lines = tuple((row, tuple(found.get((row.number, other.number)) for other in columns)) for row in known)
    return Matrix(columns, lines)


def _pair(value: float, low: float, high: float, p: float, tested: str) -> Pair:
    sign = ("better" if value > 0 else "worse") if tested.startswith("differs") else "level"
    return Pair(signed(value, low, high), p_value(p), tested, sign)
