"""Pictures of a run's cases, from the data set that it was scored on, where that lies under the data root."""

from __future__ import annotations

from pathlib import Path

from bench.core import registry
from bench.core.console import Report
from bench.core.errors import BenchError
from bench.core.task import Case, DataSet
from bench.data.dataset import read_data
from bench.data.root import data_kind
from bench.results.record import Record
from bench.results.report.extras import Picture
from bench.results.store import PREDICTIONS, Store
from bench.runs.report.thumbnails import thumbnail

MOST_BYTES = 2_000_000
"""Of all pictures together: the first runs of the report have theirs, and a warning says that others have none."""
_Known = tuple[DataSet, str, dict[str, Case]]
"""A data set, its fingerprint, and its cases by id."""


class CasePictures:
    """Pictures by record and case, each read once."""

    def __init__(self, root: Path, store: Store, report: Report) -> None:
        self.root, self.store, self.report = root, store, report
        self.kind = data_kind(root)
        self.n_bytes = 0
        self._data: dict[str, _Known | None] = {}
        self._found: dict[tuple[str, str, Path | None], Picture | None] = {}
        self._said: set[str] = set()

    def __call__(self, record: Record, case: str) -> Picture | None:
        """The picture of a test case; None, and a warning once, where the data are not those of the run."""
        if record.data != self.kind:
            return None
        if record.data_set not in self._data:
            self._data[record.data_set] = self._read(record)
        known = self._data[record.data_set]
        if known is None:
            return None
        data_set, fingerprint, cases = known
        if fingerprint != record.fingerprints["data"]:
            self._warn(f"{data_set.name}: its content under {self.root} is not that of the runs; no pictures of them.")
            return None
        folder = self._predictions(record)
        key = (data_set.name, case, folder)
        if key not in self._found:
            self._found[key] = self._made(data_set, cases[case], folder) if case in cases else None
        return self._found[key]

    def _made(self, data_set: DataSet, case: Case, folder: Path | None) -> Picture | None:
        if self.n_bytes > MOST_BYTES:
            self._warn("The report has as many pictures as it may hold; later runs have none.")
            return None
        try:
            picture = thumbnail(data_set, case, folder)
        except BenchError as error:
            self._warn(f"{data_set.name}: no picture of a case: {error}")
            return None
        self.n_bytes += len(picture.uri)
        return picture

    def _predictions(self, record: Record) -> Path | None:
        """The folder of the run's saved predictions, where there is one."""
        folder = self.store.beside(record, PREDICTIONS)
        return folder if folder.is_dir() else None

    def _read(self, record: Record) -> _Known | None:
        try:
            data_set = registry.tasks().get(record.task).data
            self.report.say(f"reading {data_set.name}")
            data = read_data(data_set, self.root)
        except BenchError as error:
            self._warn(f"{record.data_set}: no pictures of its cases: {error}")
            return None
        return data_set, data.fingerprint, {case.id: case for case in data.cases}

    def _warn(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.report.warn(text)
