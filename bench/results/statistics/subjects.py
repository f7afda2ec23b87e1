"""Whose cases are whose: the file of subjects beside a split, and what is taken where there is none."""

from __future__ import annotations

from collections.abc import Sequence

from bench.results.record import Record
from bench.results.store import Store


def subjects_of(store: Store, record: Record, cases: Sequence[str]) -> tuple[list[str], bool]:
    """The subject of each case, and whether the record knows them; each case is its own subject where it does not.

    Raises:
        StorageError: the file of subjects is missing or was changed.
    """
    if record.subjects is None:
        return [f"case {case}" for case in cases], False
    subject = {row["case"]: row["subject"] for row in store.rows(record.subjects)}
    return [f"subject {subject[case]}" if case in subject else f"case {case}" for case in cases], True
