"""What a stage costs: seconds, images per second, peak memory."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import psutil
import torch


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
