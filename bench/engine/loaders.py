"""Feeding training: batches in an order, and with random numbers, that a seed and an epoch fix for any worker count."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from bench.engine.process import prepare_process
from bench.engine.seeding import derive, seeded

Draw = tuple[int, int]
"""Index of an item and the seed of its random numbers."""

MOST_WORKERS = 8
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


def build_loader(dataset: Dataset[Any], batches: EpochBatches, workers: int, device: torch.device) -> DataLoader[Any]:
    """Training loader over `batches`; what it yields does not depend on the number of workers.

    Each pass draws one number from torch's global generator. Persistent workers would draw it in the first pass alone,
    and a method that draws noise from that generator, as LVM-Med does on a CPU, would train differently.
    """
    return DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        multiprocessing_context="fork" if workers else None,
        worker_init_fn=prepare_process,
    )


def evaluation_loader(
    dataset: Dataset[Any], most: int, workers: int, device: torch.device, generator: torch.Generator | None = None
) -> DataLoader[Any]:
    """Loader in the data set's order, with `most` items a batch, or fewer where images are large (`MOST_PIXELS`).

    Without `generator`, each pass draws one number from torch's global one, whatever the number of workers.
    """
    shape = dataset[0][0].shape
    pixels = shape[-1] * shape[-2] if len(shape) == 3 else 1
    return DataLoader(
        dataset,
        max(min(most, MOST_PIXELS // pixels), 1),
        num_workers=workers,
        pin_memory=device.type == "cuda",
        multiprocessing_context="fork" if workers else None,
        worker_init_fn=prepare_process,
        generator=generator,
    )
