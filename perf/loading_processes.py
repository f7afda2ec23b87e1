"""What an epoch saves where loading processes live as long as the training: passes of both loaders in turns.

    python perf/loading_processes.py --workers 2

The process first takes as much memory as decoded images may (--mib), which a fork has to share page by page. Both
loaders make the same views of the same images; a pass has no training in it, so that only what loading costs is seen.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from bench.core.registry import methods
from bench.core.settings import ViewSettings
from bench.engine.loaders import EpochBatches, SeededDataset, build_loader
from bench.engine.process import prepare_process

BATCH, SIDE = 32, 96


class Views(Dataset[Any]):
    """Views of made-up images, as SimCLR cuts them."""

    def __init__(self, n_images: int) -> None:
        cls = methods().get("simclr")
        method = cls(cls.config_class(**cls.quick))
        method.views = ViewSettings()
        self.transform = method.view_transform(SIDE)
        random = np.random.default_rng(0)
        self.images = [random.integers(0, 256, (2 * SIDE, 2 * SIDE, 3), dtype=np.uint8) for _ in range(n_images)]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        return self.transform(Image.fromarray(self.images[index]))


def anew(dataset: Dataset[Any], batches: EpochBatches, workers: int) -> DataLoader[Any]:
    """A loader that starts its processes in every pass, as it was before."""
    return DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=workers,
        multiprocessing_context="fork",
        worker_init_fn=prepare_process,
    )


def seconds(loader: DataLoader[Any]) -> tuple[float, float]:
    """Seconds until the first batch, and of the whole pass."""
    start = time.perf_counter()
    first = 0.0
    for number, _ in enumerate(loader):
        first = first if number else time.perf_counter() - start
    return first, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--images", type=int, default=640)
    parser.add_argument("--passes", type=int, default=7)
    parser.add_argument("--mib", type=int, default=1024)
    arguments = parser.parse_args()
    prepare_process()
    torch.set_num_threads(1)
    held = np.ones(arguments.mib * 2**20, np.uint8)
    dataset, batches = Views(arguments.images), EpochBatches(arguments.images, BATCH, 0, smallest=BATCH)
    loaders = {
        "started in every epoch": anew(dataset, batches, arguments.workers),
        "living as long as the training": build_loader(dataset, batches, arguments.workers, torch.device("cpu")),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in loaders}
    for epoch in range(arguments.passes + 1):
        batches.epoch = epoch
        for name, loader in loaders.items():
            times = seconds(loader)
            if epoch:  # the first starts the processes of both
                found[name].append(times)
    print(f"{arguments.workers} processes, {arguments.images} images, {held.nbytes >> 20} MiB held")
    print("\n| loading processes | s to the first batch | s an epoch |\n|---|---|---|")
    for name, times in found.items():
        first, whole = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"| {name} | {first:.3f} | {whole:.2f} |")
    before, now = found.values()
    saved = [b[1] - n[1] for b, n in zip(before, now, strict=True)]
    ratio = [b[1] / n[1] for b, n in zip(before, now, strict=True)]
    print(f"\nsaved an epoch: {statistics.median(saved):.2f} s, ratio {statistics.median(ratio):.2f}, in turns")


if __name__ == "__main__":
    main()
