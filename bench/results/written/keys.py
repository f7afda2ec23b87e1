"""Which columns a table of a board needs: what tells two of its rows apart, and not what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from bench.core.escape import one_line
from bench.results.frame import TUNED

Escape = Callable[[object], str]
GROUP_KEYS = {
    "data": "data",
    "profile": "profile",
    "task": "task",
    "protocol": "protocol",
    "backbone": "backbone",
    "split_used": "split",
    "metric": "metric",
}
"""Column -> heading of what stands for a group to a reader."""
OF_PRETRAINING = ("corpus", "settings")
"""Headings of what contestants without pretraining lack."""
EVALUATION, PRETRAINING, NUMBER = "evaluation hash", "pretraining hash", "row"
HASHES = {EVALUATION: "evaluation_hash", PRETRAINING: "pretraining_hash"}
"""Heading -> column of what is shown only where rows or groups would look alike without it."""


@dataclass(frozen=True)
class Keys:
    """The names of the rows of a table."""

    columns: dict[str, list[str]]
    """Heading -> a text for each row; no two rows have the same in all of them."""
    shared: dict[str, str]
    """Heading -> what all rows have."""
    pretrained: dict[str, str]
    """Heading -> what all rows that pretrain have, and the others have not."""

    @property
    def note(self) -> str:
        """What all rows share, in one line; empty where they share nothing."""
        parts = {"All rows": self.shared, "Where pretrained": self.pretrained}
        facts = {
            whose: ", ".join(f"{h} {text}" for h, text in found.items()) for whose, found in parts.items() if found
        }
        return " ".join(f"{whose}: {text}." for whose, text in facts.items())


def keys_of(rows: pd.DataFrame, escape: Escape = one_line) -> Keys:
    """The keys of rows of a board, as `escape` writes them into a table."""
    groups = {heading: _texts(rows[c]) for c, heading in GROUP_KEYS.items() if c in rows}
    names = {"method": [method_cell(r) for r in rows.to_dict("records")], "settings": _settings(rows)}
    texts = groups | names | {"corpus": _texts(rows["corpus"])}
    hashes = {heading: _texts(rows[column]) for heading, column in HASHES.items() if column in rows}
    return apart(texts, hashes, escape, always=("method",), ambiguous=_mixed(groups, hashes))


def apart(
    texts: Mapping[str, list[str]],
    hashes: Mapping[str, list[str]],
    escape: Escape,
    always: tuple[str, ...] = (),
    *,
    ambiguous: tuple[str, ...] = (),
) -> Keys:
    """Of `texts` those that differ between rows, and of `hashes` those needed beside them; at last a number.

    `always` are shown whatever they are, and so are the hashes that are `ambiguous`.
    """
    written = {heading: [escape(text) for text in column] for heading, column in texts.items()}
    columns = {h: c for h, c in written.items() if h in always or _differs(h, c, texts)}
    columns |= {heading: list(map(escape, hashes[heading])) for heading in ambiguous}
    for heading, column in [*written.items(), *((h, list(map(escape, c))) for h, c in hashes.items())]:
        if _distinct(columns | {heading: column}) > _distinct(columns):
            columns |= {heading: column}
    n_rows = len(next(iter(written.values())))
    if _distinct(columns) < n_rows:
        columns |= {NUMBER: [str(number) for number in range(1, n_rows + 1)]}
    shared = {h: next(filter(None, texts[h])) for h in texts if h not in columns and any(texts[h])}
    parts = ({h: t for h, t in shared.items() if ("" in texts[h]) is some} for some in (False, True))
    return Keys(columns, *parts)


def method_cell(row: Mapping[object, object]) -> str:
    """The method, with a mark where its encoders collapsed."""
    share = row.get("collapsed")
    if not isinstance(share, float | int) or pd.isna(share) or not share:
        return str(row["method"])
    return f"{row['method']} (collapsed: {round(share * int(str(row['seeds'])))} of {row['seeds']} seeds)"


def settings_cell(row: Mapping[object, object]) -> str:
    """A row's settings, and how they were tuned, where they were."""
    tuned = row.get("tuned") or ""
    if not tuned:
        return str(row["settings"])
    return f"{row['settings']} (tuned: {tuned}{', the data scored here' if row['tuned_on_scored'] else ''})".strip()


def _settings(rows: pd.DataFrame) -> list[str]:
    texts = [name for name in ("settings", *TUNED[:2]) if name in rows]
    filled = rows.assign(**{name: rows[name].astype(object).fillna("") for name in texts})
    return [settings_cell(row) for row in filled.to_dict("records")]


def _texts(column: pd.Series) -> list[str]:
    return [str(value) for value in column.astype(object).fillna("")]


def _mixed(groups: Mapping[str, list[str]], hashes: Mapping[str, list[str]]) -> tuple[str, ...]:
    """The evaluation hash, where two groups would read the same: a rank is one inside a group."""
    if EVALUATION not in hashes:
        return ()
    readable = set(zip(*groups.values(), strict=True))
    whole = set(zip(*groups.values(), hashes[EVALUATION], strict=True))
    return (EVALUATION,) if len(whole) > len(readable) else ()


def _differs(heading: str, column: list[str], texts: Mapping[str, list[str]]) -> bool:
    """Whether a column has several texts; contestants without pretraining lack corpus and settings of it."""
    trained = [bool(corpus) for corpus in texts.get("corpus", column)]
    if heading in OF_PRETRAINING and [bool(text) for text in column] == trained:
        return len(set(filter(None, column))) > 1
    return len(set(column)) > 1


def _distinct(columns: Mapping[str, list[str]]) -> int:
    """How many rows read differently; white space at the ends and its length are not seen."""
    return len({tuple(" ".join(cell.split()) for cell in row) for row in zip(*columns.values(), strict=True)})
