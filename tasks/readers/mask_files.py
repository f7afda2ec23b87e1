"""Images whose cases say which of their files is a mask of which structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.task import Case
from bench.data.decoding.images import read_image, read_size
from bench.data.decoding.labels import read_label_values
from tasks.readers.image_masks import read_mask

REGION = -1
"""Of a case's file that says which pixels count."""
MAP = -2
"""Of a case's file whose values say which structure each pixel is of."""


@dataclass(frozen=True)
class MaskFiles:
    """Base of readers whose cases have as target what each file of `Case.labels` is: a structure, `REGION` or `MAP`.

    Several masks of one structure are united; a structure without a file is in no pixel.
    """

    version: ClassVar[int] = 1

    structures: tuple[str, ...]
    """As `DataSet.classes`."""
    values: tuple[int, ...]
    """Value of each structure in label maps; empty where each has masks of its own."""
    lossy: bool
    """Masks are compressed with loss (JPEG): they are cut at half."""

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Whether only some cases have a region, and which structures no case has a mask of."""
        found = []
        regions = [REGION in case.target for case in cases]
        if any(regions) and not all(regions):
            found.append(
                f"{sum(regions)} of {len(cases)} cases have a region (field of view); of the others, as "
                f"{cases[regions.index(False)].id}, every pixel counts."
            )
        seen = {index for case in cases for index in case.target}
        absent = [name for index, name in enumerate(self.structures) if index not in seen and MAP not in seen]
        if absent:
            found.append(f"no case has a mask of {', '.join(absent)}: nothing is learned or scored for them.")
        return tuple(found)

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W). Raises `DataError` where it cannot be decoded."""
        return read_image(case.image)

    def load_masks(self, case: Case) -> np.ndarray:
        """(C, H, W) bool, one channel per structure.

        Raises:
            DataError: a mask cannot be decoded, differs from the image in size, or has other values.
        """
        size = read_size(case.image)
        masks = np.zeros((len(self.structures), *size), dtype=bool)
        for path, what in zip(case.labels, case.target, strict=True):
            if what == MAP:
                values = _of_size(case, path, read_label_values(path), size)
                self._check_values(path, values)
                masks |= values == np.array(self.values).reshape(-1, 1, 1)
            elif what != REGION:
                masks[what] |= _of_size(case, path, read_mask(path, lossy=self.lossy), size)
        return masks

    def load_region(self, case: Case) -> np.ndarray | None:
        """(H, W) bool, or None where all pixels count. Raises as `load_masks` does."""
        for path, what in zip(case.labels, case.target, strict=True):
            if what == REGION:
                return _of_size(case, path, read_mask(path, lossy=self.lossy), read_size(case.image))
        return None

    def _check_values(self, path: object, values: np.ndarray) -> None:
        unknown = sorted(set(np.unique(values).tolist()) - {0, *self.values})
        if unknown:
            known = ", ".join(f"{name} = {value}" for name, value in zip(self.structures, self.values, strict=True))
            raise DataError(
                f"{one_line(path)}: this label map has the value {unknown[0]}"
                f"{f' and {len(unknown) - 1} others' if len(unknown) > 1 else ''}; known: 0 for background, {known}.\n"
                "Add the value to `values` of [layout], or correct the file."
            )


def _of_size(case: Case, path: object, values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if values.shape != size:
        raise DataError(
            f"{one_line(path)}: this mask has {values.shape[1]} x {values.shape[0]} pixels, its image "
            f"{one_line(case.image)} has {size[1]} x {size[0]}.\nGive the image the mask that was drawn on it, or "
            "resize the mask (nearest neighbour)."
        )
    return values
