"""Decoded images: each file is decoded once, kept in memory within a bound, and on disk where a folder is named."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image
from torch.utils.data import Dataset

from bench.core.identity import digest
from bench.core.versions import parts
from bench.data.cache import DiskCache

LIMIT_BYTES = 2**30
"""Memory for decoded images, per process; images beyond it come from disk, or are decoded again."""
DECODE_THREADS = 4
Source = tuple[Hashable, Callable[[], Image.Image]]
"""What names an image's content, and how to read it."""


class DecodedImages:
    """8-bit images by content and size, up to `LIMIT_BYTES`; safe to fill from several threads."""

    def __init__(self) -> None:
        self.used_bytes = 0
        self.kept: dict[Hashable, np.ndarray] = {}
        self.files: DiskCache | None = None
        """Where images named by their content are kept between runs."""
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        """Whether the bound is reached."""
        return self.used_bytes >= LIMIT_BYTES

    def get(self, source: Source, shorter_side: int, *, on_disk: bool = False) -> Image.Image:
        """The image of a source with its shorter side at most `shorter_side` pixels, read at most once.

        With `on_disk` the source's key must name its content, not its place.
        """
        key, read = source
        array = self.kept.get((shorter_side, key))
        if array is None:
            array = self._decode(key, read, shorter_side, on_disk=on_disk)
            with self._lock:
                if not self.full and (shorter_side, key) not in self.kept:
                    self.kept[shorter_side, key] = array
                    self.used_bytes += array.nbytes
        return Image.fromarray(array)

    def _decode(
        self, key: Hashable, read: Callable[[], Image.Image], shorter_side: int, *, on_disk: bool
    ) -> np.ndarray:
        def make() -> np.ndarray:
            return np.asarray(shrink(read(), shorter_side))

        if not on_disk or self.files is None:
            return make()
        return np.array(self.files.get(digest([parts("images", "volumes"), shorter_side, repr(key)]), make))


DECODED = DecodedImages()


def shrink(image: Image.Image, shorter_side: int) -> Image.Image:
    """Resize so that the shorter side has `shorter_side` pixels; smaller images stay as they are."""
    ratio = shorter_side / min(image.size)
    if ratio >= 1:
        return image
    width, height = (max(round(side * ratio), 1) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)


class DecodedDataset(Dataset[Any]):
    """Base of data sets over images that are decoded once and kept at a reduced size."""

    on_disk = False
    """Keep images on disk too; only where `sources` are named by content."""

    def __init__(self, sources: Sequence[Source], shorter_side: int) -> None:
        self.sources = sources
        self.shorter_side = shorter_side

    def __len__(self) -> int:
        return len(self.sources)

    def image(self, index: int) -> Image.Image:
        """Decoded RGB image. Raises `DataError` naming the file when it cannot be read."""
        return DECODED.get(self.sources[index], self.shorter_side, on_disk=self.on_disk)

    def decode_all(self) -> Iterator[int]:
        """Decode every image into memory, and onto disk, as far as their bounds allow, yielding the count so far.

        Raises:
            DataError: an image cannot be read.
        """

        def decode(index: int) -> None:
            to_disk = self.on_disk and DECODED.files is not None and not DECODED.files.failed
            if to_disk or not DECODED.full:
                self.image(index)

        with ThreadPoolExecutor(DECODE_THREADS) as pool:
            for count, _ in enumerate(pool.map(decode, range(len(self))), start=1):
                yield count
