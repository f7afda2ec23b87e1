"""The cases of the runs of one group at a time, so that memory is bounded by the largest group."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bench.results.case_table import read_cases
from bench.results.record import Record
from bench.results.store import Store


class CaseTables:
    """Path of a record below runs/ -> its cases as `Store.cases` gives them."""

    def __init__(self, store: Store, records: Mapping[str, Record]) -> None:
        self.store = store
        self.records = records
        self._names: dict[tuple[str, str], list[str]] = {}
        self._found: dict[str, pd.DataFrame] = {}

    def __getitem__(self, path: str) -> pd.DataFrame:
        """Read once until `forget`. Raises `StorageError` as `Store.cases` does."""
        if path not in self._found:
            split = self.records[path].split
            key = (split.file, split.fingerprint)
            if key not in self._names:
                self._names[key] = self.store.names_of(*key)
            table = read_cases((self.store.runs / path).with_suffix(".parquet"))
            table.insert(0, "case", self._names[key])
            self._found[path] = table
        return self._found[path]

    def forget(self) -> None:
        """The tables that were read; names stay."""
        self._found.clear()
