"""One image of a corpus: a file, or a slice of a volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from bench.core.task import Volume
from bench.data.decoding.images import read_image
from bench.data.volumes import read_grid, read_intensities


@dataclass(frozen=True)
class CorpusImage:
    """One image to pretrain on: a file, or one slice of a volume."""

    path: Path
    content: str
    """SHA-256 of the file."""
    axis: int | None = None
    index: int = 0
    modality: str = field(default="", compare=False)
    load: Callable[[], Image.Image | Volume] | None = field(default=None, compare=False)
    """How the data set's own reader decodes the image, or the volume of a slice, where files need one."""
    decoder: str = field(default="", compare=False)
    """Hash of that reader's version and settings."""

    @property
    def key(self) -> tuple[str, int | None, int, str]:
        """What its pixels depend on: file, slice and reader."""
        return self.content, self.axis, self.index, self.decoder

    def read(self) -> Image.Image:
        """Decode to 8-bit RGB. Raises `DataError` naming the file."""
        if self.axis is not None:
            volume = _own_volume(self.load) if self.load else read_volume(self.path)
            return _slice(volume, self.axis, self.index)
        return cast(Image.Image, self.load()) if self.load else read_image(self.path)


@lru_cache(maxsize=2)
def read_volume(path: Path) -> np.ndarray:
    """Read a NIfTI volume in RAS orientation, scaled to 8 bits between its 0.5 and 99.5 percentiles.

    Where these are equal, as in a volume that is almost all background, between its smallest and largest value; a
    constant volume is black.

    Raises:
        DataError: as `read_intensities` does.
    """
    return _eight_bits(read_intensities(path), read_grid(path).affine)


@lru_cache(maxsize=2)
def _own_volume(load: Callable[[], Image.Image | Volume]) -> np.ndarray:
    """As `read_volume`, of a volume that a reader decodes; slices of one volume share one `load`."""
    volume = cast(Volume, load())
    return _eight_bits(volume.array.astype(np.float32), volume.affine)


def _eight_bits(intensities: np.ndarray, affine: np.ndarray) -> np.ndarray:
    import torch
    from monai.transforms import ScaleIntensityRange
    from monai.transforms.utils_pytorch_numpy_unification import percentile
    from nibabel.orientations import apply_orientation, io_orientation

    turned = apply_orientation(intensities, io_orientation(affine))
    voxels = torch.from_numpy(turned.copy())
    low, high = (float(percentile(voxels, q)) for q in (0.5, 99.5))
    if low == high:
        low, high = float(voxels.min()), float(voxels.max())
    if low == high:
        return np.zeros(turned.shape, np.uint8)
    array: np.ndarray = np.asarray(ScaleIntensityRange(low, high, 0, 255, clip=True)(voxels)).astype(np.uint8)
    return array


def _slice(volume: np.ndarray, axis: int, index: int) -> Image.Image:
    return Image.fromarray(np.rot90(np.take(volume, index, axis=axis)).copy()).convert("RGB")
