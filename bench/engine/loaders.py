"""Feeding training: batches in an order, and with random numbers, that a seed and an epoch fix for any worker count."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_leaves
from torch.utils.data import DataLoader, Dataset, Sampler

from bench.core.console import Report
from bench.core.errors import BenchError
from bench.engine.process import prepare_process
from bench.engine.seeding import derive, seeded

Draw = tuple[int, int]
"""Index of an item and the seed of its random numbers."""

MOST_WORKERS = 8
BATCHES_AHEAD = 2
"""Batches that each loading process has ready, torch's default."""
SHARED_MEMORY = Path("/dev/shm")
"""Through which they hand them on."""
MOST_PIXELS = 128 * 256**2
"""Of a batch in evaluation: at 1024 px, where a ViT attends over thousands of tokens, 8 images instead of 128."""


class SeededDataset(Dataset[Any]):
    """A data set whose items are asked for with a seed, so that their random numbers belong to the item alone."""

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset

    def __getitem__(self, draw: Draw) -> Any:
        index, seed = draw
        with seeded(seed):
            return self.dataset[index]


class EpochBatches(Sampler[list[Draw]]):
    """Batches of one epoch: a permutation drawn from (seed, epoch); a last batch below `smallest` is dropped."""

    def __init__(self, size: int, batch_size: int, seed: int, smallest: int) -> None:
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        rest = size % batch_size
        self.size = size
        self.used = size - rest if rest < smallest else size

    def __len__(self) -> int:
        return -(-self.used // self.batch_size)

    def __iter__(self) -> Iterator[list[Draw]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.size)[: self.used].tolist()
        for start in range(0, self.used, self.batch_size):
            batch = order[start : start + self.batch_size]
            yield [(i, derive(self.seed, self.epoch, i)) for i in batch]


def pick_workers(wanted: int | None, device: torch.device) -> int:
    """Number of loading processes; None chooses.

    Training on a CPU uses all its cores, and loading from memory is a few percent of a step: no process helps there.
    A GPU leaves the cores to the loading.
    """
    if wanted is not None:
        return wanted
    return min((os.cpu_count() or 1) - 1, MOST_WORKERS) if device.type == "cuda" else 0


def affordable_workers(workers: int, dataset: Dataset[Any], batch_size: int) -> int:
    """The number of loading processes, or 0, with a warning, where their batches do not fit into `SHARED_MEMORY`.

    What does not fit there ends a process with a bus error. Docker gives it 64 MiB unless --shm-size says more.
    """
    if not workers or not SHARED_MEMORY.is_dir():
        return workers
    with seeded(0):
        item = dataset[0]
    n_bytes = sum(leaf.nbytes for leaf in tree_leaves(item) if isinstance(leaf, torch.Tensor | np.ndarray))
    wanted = batch_size * n_bytes * (workers * BATCHES_AHEAD + 1)
    free = shutil.disk_usage(SHARED_MEMORY).free
    if wanted <= free:
        return workers
    Report().warn(
        f"{SHARED_MEMORY} has {free / 2**20:.0f} MiB free, and {workers} loading processes need {wanted / 2**20:.0f}: "
        "images are loaded by this process, more slowly. Give it more (docker run --shm-size=8g), or --workers 0."
    )
    return 0


class LastingLoader(DataLoader[Any]):
    """A loader whose processes live as long as it does, so that a pass does not start them anew.

    Each pass draws one number from torch's global generator, whatever the number of processes, as a loader does that
    starts them anew in every pass: a method that draws noise from that generator, as LVM-Med does on a CPU, depends on
    it. What the loader itself draws comes from a generator of its own. An error of a process that says what is wrong
    with a file is raised as it is, without the traceback that torch adds.
    """

    def __iter__(self) -> Any:
        torch.empty((), dtype=torch.int64).random_()
        try:
            yield from super().__iter__()
        except BenchError as error:
            raise _as_said(error) from None


def _as_said(error: BenchError) -> BenchError:
    """An error without what torch writes before its text."""
    cls = type(error)
    before, _, text = str(error).rpartition(f"{cls.__module__}.{cls.__qualname__}: ")
    return cls(text.rstrip()) if before else error


def build_loader(
    dataset: Dataset[Any],
    batches: EpochBatches,
    workers: int,
    device: torch.device,
    collate: Callable[[list[Any]], Any] | None = None,
) -> LastingLoader:
    """Training loader over `batches`; what it yields does not depend on the number of workers.

    `collate` makes a batch of items; None: torch's default.
    """
    workers = affordable_workers(workers, dataset, batches.batch_size)
    return LastingLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        collate_fn=collate,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        multiprocessing_context="fork" if workers else None,
        worker_init_fn=prepare_process,
        persistent_workers=workers > 0,
        generator=torch.Generator(),
    )


def evaluation_loader(
    dataset: Dataset[Any],
    most: int,
    workers: int,
    device: torch.device,
    generator: torch.Generator | None = None,
    *,
    lasting: bool = False,
) -> DataLoader[Any]:
    """Loader in the data set's order, with `most` items a batch, or fewer where images are large (`MOST_PIXELS`).

    Without `generator`, each pass draws one number from torch's global one, whatever the number of workers; with
    `lasting`, they are those of the first pass.
    """
    shape = dataset[0][0].shape
    pixels = shape[-1] * shape[-2] if len(shape) == 3 else 1
    batch_size = max(min(most, MOST_PIXELS // pixels), 1)
    workers = affordable_workers(workers, dataset, batch_size)
    loader = LastingLoader if lasting else DataLoader
    return loader(
        dataset,
        batch_size,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        multiprocessing_context="fork" if workers else None,
        worker_init_fn=prepare_process,
        persistent_workers=lasting and workers > 0,
        generator=torch.Generator() if lasting else generator,
    )
