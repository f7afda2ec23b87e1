"""Numbers as the report writes them, beside those that boards write."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pandas as pd

from bench.core.escape import printable

NOT_KNOWN = "n/a"


def between(low: float, high: float) -> str:
    """The ends of an interval in percent."""
    return NOT_KNOWN if pd.isna(low) else f"{100 * low:.1f} to {100 * high:.1f}"


def ranks(rank: float, low: float, high: float) -> str:
    """A rank and its interval."""
    if pd.isna(rank):
        return NOT_KNOWN
    return f"{rank:.0f}" + ("" if pd.isna(low) else f" ({low:.0f} to {high:.0f})")


def short(value: float | None, unit: float = 1.0) -> str:
    """Three figures, in another unit; empty for none."""
    return "" if value is None or pd.isna(value) else f"{value / unit:.3g}"


def sort_key(value: Any) -> str:
    """A number for sorting, or nothing."""
    return "" if value is None or pd.isna(value) else f"{float(value):.6g}"


def plain(value: Any) -> str:
    """A field of a record on one line."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def link_to(path: str) -> str:
    """A relative path as a link; what is no UTF-8 becomes escapes."""
    return quote(printable(path), safe="/")
