"""One image of a corpus: a file, or a slice of a volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

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
    load: Callable[[], Image.Image] | None = field(default=None, compare=False)
    """How the data set's own reader decodes it, where files need one (films without a header)."""
    decoder: str = field(default="", compare=False)
    """Hash of that reader's version and settings."""

    @property
    def key(self) -> tuple[str, int | None, int, str]:
        """What its pixels depend on: file, slice and reader."""
        return self.content, self.axis, self.index, self.decoder

    def read(self) -> Image.Image:
        """Decode to 8-bit RGB. Raises `DataError` naming the file."""
        if self.axis is not None:
            return _read_slice(self.path, self.axis, self.index)
        return self.load() if self.load else read_image(self.path)


@lru_cache(maxsize=2)
def read_volume(path: Path) -> np.ndarray:
    """Read a NIfTI volume in RAS orientation, scaled to 8 bits between its 0.5 and 99.5 percentiles.

    Where these are equal, as in a volume that is almost all background, between its smallest and largest value; a
    constant volume is black.

    Raises:
        DataError: as `read_intensities` does.
    """
    import torch
    from monai.transforms import ScaleIntensityRange
    from monai.transforms.utils_pytorch_numpy_unification import percentile
    from nibabel.orientations import apply_orientation, io_orientation

    turned = apply_orientation(read_intensities(path), io_orientation(read_grid(path).affine))
    voxels = torch.from_numpy(turned.copy())
    low, high = (float(percentile(voxels, q)) for q in (0.5, 99.5))
    if low == high:
        low, high = float(voxels.min()), float(voxels.max())
    if low == high:
        return np.zeros(turned.shape, np.uint8)
    array: np.ndarray = np.asarray(ScaleIntensityRange(low, high, 0, 255, clip=True)(voxels)).astype(np.uint8)
    return array


def _read_slice(path: Path, axis: int, index: int) -> Image.Image:
    return Image.fromarray(np.rot90(np.take(read_volume(path), index, axis=axis)).copy()).convert("RGB")
