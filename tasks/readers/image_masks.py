"""Images with binary masks: one mask per structure, or several that are united."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from bench.core.errors import DataError
from bench.core.task import Case
from bench.data.decoding.images import read_image, read_size
from bench.data.decoding.labels import read_label_values
from tasks.readers.pairs import PairedFiles
from tasks.readers.templates import template

_BETWEEN = (64, 191)
"""Grey values of a lossy mask that are neither background nor structure."""
_MOST_BETWEEN = 0.05
"""Largest share of such pixels: compression leaves some along the outline."""


@dataclass(frozen=True)
class ImageMasks(PairedFiles):
    """Reader of images and masks. Every part names the masks of the structures in the same order."""

    version: ClassVar[int] = 2

    structures: tuple[str, ...]
    """As `DataSet.classes`."""
    lossy: bool = False
    """Masks are compressed with loss (JPEG): their values are cut at half where they are more than two."""

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Say which structures no case has a mask of; their channels are empty."""
        if not any(part.optional for part in self.parts):
            return ()
        present = {index for case in cases for path in case.labels for index in self._channels(path)}
        absent = [name for index, name in enumerate(self.structures) if index not in present]
        text = f"this copy has no masks of {', '.join(absent)}: nothing is learned or scored for them."
        return (text,) if absent else ()

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W). Raises `DataError` where it cannot be decoded."""
        return read_image(case.image)

    def image_size(self, case: Case) -> tuple[int, int]:
        """Height and width of the image, without decoding it."""
        return read_size(case.image)

    def load_masks(self, case: Case) -> np.ndarray:
        """(C, H, W) bool, one channel per structure; a structure without mask files has an empty channel.

        Raises:
            DataError: a mask cannot be decoded, differs from the image in size, or has values besides its two.
        """
        size = self.image_size(case)
        masks = np.zeros((len(self.structures), *size), dtype=bool)
        for path in case.labels:
            for channel in self._channels(path):
                masks[channel] |= self._load(case, path, size)
        return masks

    def load_region(self, case: Case) -> np.ndarray | None:
        """(H, W) bool, such as a field of view, or None where the data set has none. Raises as `load_masks` does."""
        regions = [template(part.region) for part in self.parts if part.region]
        for path in case.labels:
            if any(region.matches_end(path) for region in regions):
                return self._load(case, path, self.image_size(case))
        return None

    def _channels(self, path: Path) -> list[int]:
        """Indices of the structures that a label file belongs to: one, or none for a region."""
        found = {i for part in self.parts for i, text in enumerate(part.labels) if template(text).matches_end(path)}
        return sorted(found)

    def _load(self, case: Case, path: Path, size: tuple[int, int]) -> np.ndarray:
        """A mask (H, W), bool, of the image's size."""
        mask = read_mask(path, lossy=self.lossy)
        if mask.shape != size:
            raise DataError(
                f"{path}: this mask has {mask.shape[1]} x {mask.shape[0]} pixels, its image {case.image} has "
                f"{size[1]} x {size[0]}.\nRestore both files from the owner's archive, or remove the image and all its "
                "masks."
            )
        return mask


def read_mask(path: Path, *, lossy: bool = False) -> np.ndarray:
    """Read a binary mask (H, W), bool: the value 0 and one other value, whichever.

    More values than these two are cut at half where `lossy`, if nearly all are black or white and some are white.

    Raises:
        DataError: the file cannot be decoded, or its values are not those of a mask.
    """
    values = read_label_values(path, lossy=lossy)
    if ((values == 0) | (values == values.max())).all():
        return np.asarray(values != 0)
    if lossy:
        low, high = _BETWEEN
        between = float(((values > low) & (values < high)).mean())
        if between > _MOST_BETWEEN:
            found = f"{between:.0%} of the pixels have values between {low} and {high}"
            raise _no_mask(path, found, "nearly black and white only")
        if values.max() >= 128:
            return np.asarray(values >= 128)
    found_values = np.unique(values)
    shown = ", ".join(str(v) for v in found_values[:6]) + (", ..." if len(found_values) > 6 else "")
    raise _no_mask(path, f"the values {shown}", "0 and one other value")


def _no_mask(path: Path, found: str, expected: str) -> DataError:
    return DataError(
        f"{path}: this is no binary mask: found {found}; expected {expected}.\n"
        "Restore this mask from the owner's archive, or remove it together with its image."
    )
