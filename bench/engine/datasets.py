"""Data sets over prepared cases, filled before the first epoch so that forked workers share the memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from torch.utils.data import Dataset

from bench.core.console import Report
from bench.engine.kept import Arrays, KeptCases

FILL_THREADS = 4
VOLUME_THREADS = 2
"""A volume is decoded in memory at its original size, and each thread holds one."""


class KeptDataset(Dataset[Any]):
    """Base of data sets whose items come from `kept(case)`, which the harness fills."""

    def __init__(self, kept: Callable[[Any], Arrays], cases: Sequence[Any]) -> None:
        self.kept, self.cases = kept, cases

    def __len__(self) -> int:
        return len(self.cases)

    def check(self) -> None:
        """Raise `DataError` where the prepared cases as a whole cannot be used."""


def fill(dataset: Dataset[Any], name: str, report: Report) -> None:
    """Prepare the cases of a `KeptDataset` in threads, with a progress bar, and check it; others are left alone.

    Raises:
        DataError: a case cannot be read, or the cases as a whole cannot be used.
        StorageError: the disk cannot hold a volume.
    """
    if not isinstance(dataset, KeptDataset):
        return
    kept = dataset.kept
    if isinstance(kept, KeptCases):
        threads = VOLUME_THREADS if kept.memory_mapped else FILL_THREADS
        with report.stage(f"decode {name}", len(dataset.cases)) as advance, ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(kept.fill, dataset.cases):
                advance("")
    dataset.check()
