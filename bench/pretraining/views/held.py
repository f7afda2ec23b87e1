"""Where a device finds the images that views are cut from: all in its memory, or those of a batch, sent with it."""

from __future__ import annotations

import numpy as np
import psutil
import torch
from torch import Tensor

from bench.core.console import Report
from bench.engine.kept import KeptCases
from bench.pretraining.dataset import ViewDataset
from bench.pretraining.views.batched import DrawnBatch
from bench.pretraining.views.batched_resize import Images

SHARE = 0.25
"""Of a device's memory that images may take: the encoder's activations need the rest."""
SAMPLE = 64
"""Images that the size of all is estimated from."""


class Held:
    """All images of a corpus in a device's memory, each once, however often it is shown."""

    def __init__(self, dataset: ViewDataset, device: torch.device, report: Report) -> None:
        slots: dict[object, int] = {}
        shown = [slots.setdefault(case.key, len(slots)) for case in dataset.cases]
        first = list(dict(zip(reversed(shown), range(len(shown) - 1, -1, -1), strict=True)).items())
        order = [item for _, item in sorted(first)]
        sizes = np.array([dataset.pixels(item).shape[:2] for item in order], np.int64)
        counts = sizes.prod(1)
        starts = counts.cumsum() - counts
        flat = torch.empty(int(counts.sum()), 3, dtype=torch.uint8, device=device)
        with report.stage(f"images to {device}", len(order)) as advance:
            for item, start, count in zip(order, starts.tolist(), counts.tolist(), strict=True):
                flat[start : start + count] = torch.from_numpy(dataset.pixels(item).reshape(-1, 3).copy())
                advance("")
        height, width = sizes[shown].T
        self.images = Images(flat, starts[shown], height, width, width)
        self.sizes = sizes[shown]
        """(number of items, 2): height and width."""

    def of(self, batch: DrawnBatch) -> Images:
        """Those of a batch."""
        return self.images.take(batch.items.numpy())


class Sent:
    """Images that come with their batch, from pinned memory where there is a GPU."""

    sizes = None
    """Not known before."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def of(self, batch: DrawnBatch) -> Images:
        """Those of a batch."""
        height, width = batch.size.numpy().T
        counts = height * width
        flat: Tensor = batch.pixels.to(self.device, non_blocking=True)
        return Images(flat, counts.cumsum() - counts, height, width, width)


def held_if_it_fits(dataset: ViewDataset, device: torch.device, report: Report) -> Held | Sent:
    """`Held` where all images, estimated from a few, fit into `SHARE` of the device's memory, else `Sent`.

    Those of a corpus that is decoded while training are sent: no pass over all of them comes first.
    """
    if isinstance(dataset.kept, KeptCases) and not dataset.kept.room:
        return Sent(device)
    some = np.linspace(0, len(dataset) - 1, min(SAMPLE, len(dataset))).astype(int).tolist()
    mean = float(np.mean([dataset.pixels(item).nbytes for item in some]))
    whole = mean * dataset.n_different
    return Held(dataset, device, report) if whole <= SHARE * _memory(device) else Sent(device)


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(psutil.virtual_memory().available)
