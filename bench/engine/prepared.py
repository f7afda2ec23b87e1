"""Data sets whose cases are decoded and resized once, before the first epoch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from torch.utils.data import Dataset

from bench.core.console import Report
from bench.core.task import Case


class PreparedDataset(Dataset[Any]):
    """Base of such data sets; `prepare` fills what they keep, usually a `DiskCache`."""

    cases: Sequence[Case]
    prepare_threads: ClassVar[int] = 4

    @abstractmethod
    def prepare_case(self, index: int) -> None:
        """Decode one case to the cache. Raises `DataError` naming its file."""

    def check(self) -> None:
        """Raise `DataError` where the prepared cases as a whole cannot be used."""


def prepare(dataset: Dataset[Any], name: str, report: Report) -> None:
    """Prepare and check a data set that needs it, with a progress bar. Raises `DataError` or `StorageError`."""
    if not isinstance(dataset, PreparedDataset):
        return
    with (
        report.stage(f"decode {name}", len(dataset.cases)) as advance,
        ThreadPoolExecutor(dataset.prepare_threads) as pool,
    ):
        done: Iterable[None] = pool.map(dataset.prepare_case, range(len(dataset.cases)))
        for _ in done:
            advance("")
    dataset.check()
