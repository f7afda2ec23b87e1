"""What a stage costs: seconds, images per second, peak memory, and how long an epoch waits for its data."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import psutil
import torch

Batch = TypeVar("Batch")


@dataclass
class Meter:
    """Counts images and samples memory while a stage runs; call `tick` after every step."""

    device: torch.device
    images: int = 0
    peak_bytes: int = 0

    def __post_init__(self) -> None:
        self.process = psutil.Process(os.getpid())
        self.start = time.perf_counter()
        if self.device.type == "cuda":
            torch.cuda.init()  # a device with an index does not do it
            torch.cuda.reset_peak_memory_stats(self.device)
        self.tick(0)

    def tick(self, images: int) -> None:
        """Add images and sample memory: resident size of the process, or allocated memory of the GPU."""
        self.images += images
        if self.device.type == "cuda":
            self.peak_bytes = max(self.peak_bytes, torch.cuda.max_memory_allocated(self.device))
        else:
            self.peak_bytes = max(self.peak_bytes, self.process.memory_info().rss)

    def state(self) -> dict[str, float]:
        """What `restore` needs to count on in another process."""
        return {"seconds": time.perf_counter() - self.start, "images": self.images, "peak_bytes": self.peak_bytes}

    def restore(self, state: dict[str, float]) -> None:
        """Count what an interrupted stage had cost, too."""
        self.start -= state["seconds"]
        self.images += int(state["images"])
        self.peak_bytes = max(self.peak_bytes, int(state["peak_bytes"]))

    def cost(self) -> dict[str, float]:
        """Seconds, images per second and peak memory in MiB."""
        seconds = time.perf_counter() - self.start
        return {
            "seconds": round(seconds, 3),
            "images_per_second": round(self.images / max(seconds, 1e-9), 2),
            "peak_memory_mib": round(self.peak_bytes / 2**20, 1),
        }


@dataclass
class Pace:
    """How fast the batches of one epoch come and go; for a log."""

    images: int = 0
    waited: float = 0.0
    """Seconds until batches came."""
    start: float = field(default_factory=lambda: time.perf_counter())

    def watch(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, each as it comes."""
        coming = iter(batches)
        while True:
            start = time.perf_counter()
            try:
                batch = next(coming)
            except StopIteration:
                return
            finally:
                self.waited += time.perf_counter() - start
            yield batch

    def values(self) -> dict[str, float]:
        """Seconds of the epoch so far, images per second, and the share of the time that was spent waiting for data."""
        seconds = max(time.perf_counter() - self.start, 1e-9)
        rate = {"images_per_second": self.images / seconds, "waiting_for_data": self.waited / seconds}
        return {name: round(value, 4) for name, value in {"seconds": seconds, **rate}.items()}
