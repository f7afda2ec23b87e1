"""Data sets over prepared cases: filled before the first epoch, so that forked workers share them, or streamed.

What fits into memory, or into the bound of the cache on disk, is prepared once. What does not is prepared by the
loading processes whenever it is used; no pass over everything comes first, and memory stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from bench.core.console import Report
from bench.data.cache import LIMIT_VARIABLE
from bench.engine import kept as kept_cases
from bench.engine.kept import Arrays, KeptCases, Room

FILL_THREADS = 4
VOLUME_THREADS = 2
"""A volume is decoded in memory at its original size, and each thread holds one."""


SAMPLED = 16
"""Cases that the size of all is estimated from."""


class KeptDataset(Dataset[Any]):
    """Base of data sets whose items come from `kept(case)`, which the harness fills.

    Args:
        kept: Gives the prepared parts of a case.
        cases: In the order of the items.
        n_different: Number of different cases; None: all are.
    """

    def __init__(self, kept: Callable[[Any], Arrays], cases: Sequence[Any], n_different: int | None = None) -> None:
        self.kept, self.cases = kept, cases
        self.n_different = len(cases) if n_different is None else n_different

    @property
    def fingerprint(self) -> str | None:
        """A name of all cases, by which a later process knows that they were prepared; None: each is looked at."""
        return None

    def __len__(self) -> int:
        return len(self.cases)

    def check(self) -> None:
        """Raise `DataError` where the prepared cases as a whole cannot be used."""


def fill(dataset: Dataset[Any], name: str, report: Report) -> None:
    """Prepare the cases of a `KeptDataset` in threads, with a progress bar, and check it; others are left alone.

    Cases that are larger together than the bound of the cache are left to the loading processes.

    Raises:
        DataError: a case cannot be read, or the cases as a whole cannot be used.
        StorageError: the disk cannot hold a volume.
    """
    if not isinstance(dataset, KeptDataset):
        return
    kept = dataset.kept
    if isinstance(kept, KeptCases):
        _find_room(dataset, kept, name, report)
        all_of_them = f"all of {dataset.fingerprint}" if dataset.fingerprint and kept.room == Room.DISK else None
        if kept.room and not (all_of_them and kept.noted(all_of_them)):
            threads = VOLUME_THREADS if kept.memory_mapped else FILL_THREADS
            with report.stage(f"decode {name}", len(dataset.cases)) as advance, ThreadPoolExecutor(threads) as pool:
                for _ in pool.map(kept.fill, dataset.cases):
                    advance("")
            if all_of_them and kept.files and not kept.files.failed:
                kept.note(all_of_them)
    dataset.check()


def _find_room(dataset: KeptDataset, kept: KeptCases[Any], name: str, report: Report) -> None:
    """Choose where cases are kept, from the size of a few; never nearer than a data set with the same keeper has it."""
    files = kept.files
    if files is None or kept.memory_mapped or not kept.room or not dataset.cases:
        return
    places = np.linspace(0, len(dataset.cases) - 1, min(SAMPLED, len(dataset.cases))).astype(int).tolist()
    sizes = [sum(array.nbytes for array in kept(dataset.cases[place]).values()) for place in places]
    n_bytes = float(np.mean(sizes)) * dataset.n_different
    if n_bytes > files.limit_bytes:
        kept.room = Room.NOWHERE
        size, bound = (f"{n / 2**30:.3g} GiB" for n in (n_bytes, files.limit_bytes))
        report.say(
            f"  {name}: about {size} decoded, more than the {bound} that are kept ({LIMIT_VARIABLE}): decoded while "
            "training, in every epoch"
        )
    elif n_bytes > kept_cases.LIMIT_BYTES:
        kept.room = min(kept.room, Room.DISK)
