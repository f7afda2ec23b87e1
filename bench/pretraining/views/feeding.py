"""What a pretraining step is fed: collated views, computed by loading processes, or by the device that trains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor
from torch.utils._pytree import tree_leaves
from torch.utils.data import DataLoader, Dataset

from bench.core.console import Report
from bench.core.errors import TrainingError
from bench.engine.loaders import EpochBatches, build_loader
from bench.pretraining.augment import Augmentation, MultiView, is_declared
from bench.pretraining.balance import draw_duplicate
from bench.pretraining.dataset import ViewDataset
from bench.pretraining.views.batched import DrawnBatch, computed_views
from bench.pretraining.views.held import Held, Sent, held_if_it_fits


class Feed(Protocol):
    """Batches of views on the device of the training, an epoch each time it is iterated."""

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...


def feed(fabric: Fabric, dataset: ViewDataset, batches: EpochBatches, workers: int, *, on_device: bool) -> Feed:
    """Views of `dataset` in the order of `batches`, computed by the device or, image by image, on the CPU.

    Raises:
        TrainingError: the device shall compute views that are no declaration of this project.
    """
    if not on_device:
        loader = build_loader(dataset, batches, workers, fabric.device)
        return fabric.setup_dataloaders(loader, use_distributed_sampler=False)
    if not is_declared(dataset.transform):
        raise TrainingError(
            f"views=device: {type(dataset.transform).__name__} is no Augmentation or MultiView of them, as a device "
            "needs. Take views=cpu."
        )
    return DeviceFeed(dataset, batches, workers, fabric.device)


class OneView(MultiView):
    """A single augmentation, whose view a method is given as it is."""

    def arranged(self, views: list[Tensor], boxes: list[Tensor]) -> Tensor:
        """The view."""
        return views[0]


class DrawnViews(Dataset[DrawnBatch]):
    """What is drawn for the views of each image, with its pixels where the device does not hold them."""

    def __init__(self, images: ViewDataset) -> None:
        transform: Any = images.transform
        self.images = images
        self.transform: MultiView = OneView([transform]) if isinstance(transform, Augmentation) else transform
        self.sizes: np.ndarray | None = None
        """(number of items, 2): height and width, where the device holds the images; what it holds, no worker has."""

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> DrawnBatch:
        pixels = torch.empty(0, 3, dtype=torch.uint8)
        if self.sizes is not None:
            height, width = self.sizes[index].tolist()
        else:
            found = self.images.pixels(index)
            height, width = found.shape[:2]
            pixels = torch.from_numpy(found.reshape(-1, 3).copy())
        duplicate = draw_duplicate(height, width) if self.images.duplicate[index] else (0, 0, 0, 0)
        rows = [augmentation.draw(height, width).row() for augmentation in self.transform.augmentations]
        drawn, size = torch.tensor(rows, dtype=torch.float64), torch.tensor([height, width])
        return DrawnBatch(torch.tensor(index), drawn, torch.tensor(duplicate), size, pixels)


def collate(drawn: list[DrawnBatch]) -> DrawnBatch:
    """Items as a batch."""
    *numbers, pixels = zip(*drawn, strict=True)
    items, rows, duplicate, size = map(torch.stack, numbers)
    return DrawnBatch(items, rows, duplicate, size, torch.cat(pixels))


class DeviceFeed:
    """Numbers are drawn by loading processes from each image's own seed; the device computes the views from them."""

    def __init__(self, dataset: ViewDataset, batches: EpochBatches, workers: int, device: torch.device) -> None:
        self.device, self.drawn = device, DrawnViews(dataset)
        self.held: Held | Sent | None = None
        self.loader: DataLoader[Any] = build_loader(self.drawn, batches, workers, device, collate)

    def __len__(self) -> int:
        return len(self.loader)

    def hold(self, report: Report) -> None:
        """Bring the images to the device where they fit; once."""
        if self.held is None:
            self.held = held_if_it_fits(self.drawn.images, self.device, report)
            self.drawn.sizes = self.held.sizes

    def __iter__(self) -> Iterator[Any]:
        self.hold(Report(quiet=True))
        if self.device.type == "cuda":
            return ahead(self.loader, self._views, self.device)
        return map(self._views, self.loader)

    @torch.no_grad()
    def _views(self, batch: DrawnBatch) -> Any:
        assert self.held is not None
        return computed_views(self.drawn.transform, batch, self.held.of(batch))


def ahead(batches: Iterable[DrawnBatch], views: Any, device: torch.device) -> Iterator[Any]:
    """The views of each batch, which a stream of their own computes while the step before is trained."""
    beside, ready = torch.cuda.Stream(device), None
    for batch in batches:
        beside.wait_stream(torch.cuda.current_stream(device))  # so that not more than one batch is ahead
        with torch.cuda.stream(beside):
            following = views(batch)
        if ready is not None:
            yield ready
        torch.cuda.current_stream(device).wait_stream(beside)
        for leaf in tree_leaves(following):
            if isinstance(leaf, Tensor) and leaf.is_cuda:
                leaf.record_stream(torch.cuda.current_stream(device))
        ready = following
    if ready is not None:
        yield ready
