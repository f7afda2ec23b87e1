"""Readers of arrays: classes, masks and label maps of cases that lie in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.task import Case, Volume
from bench.data.decoding.images import to_bytes
from tasks.layouts.array_form import ArrayForm, Place, whole_labels
from tasks.layouts.fields import require_cases
from tasks.readers.array_files import read_array
from tasks.readers.nifti_volumes import NiftiVolumes

_FIX = "Restore the file, or name other arrays in [layout]."


@dataclass(frozen=True)
class ArrayReader:
    """What readers of arrays share."""

    form: ArrayForm
    structures: tuple[str, ...]
    """As `DataSet.classes`."""

    @property
    def layout(self) -> str:
        """The files and the arrays in them."""
        return self.form.text

    def matches(self, folder: Path) -> bool:
        """Whether arrays of this form are there."""
        try:
            return bool(self.form.stacks(folder))
        except DataError:
            return False

    def _image(self, case: Case) -> np.ndarray:
        image, _, number = self.form.places(case)
        return read_array(*image, number)

    def _label(self, case: Case) -> np.ndarray:
        _, label, number = self.form.places(case)
        return read_array(*label, number)


class PictureReader(ArrayReader):
    """Base of readers whose cases are images."""

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W); values of other types are scaled by their smallest and largest to 0..255.

        Raises:
            DataError: the array cannot be read, or is no image.
        """
        pixels = _channels_last(case, self._image(case))
        if pixels.dtype == bool:
            pixels = pixels.astype(np.uint8)
        shown = pixels if pixels.dtype == np.uint8 else to_bytes(pixels)
        return Image.fromarray(shown[..., 0] if shown.shape[2] == 1 else shown[..., :3]).convert("RGB")


@dataclass(frozen=True)
class ArrayImages(PictureReader):
    """Reader of images with a class each."""

    version: ClassVar[int] = 1

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id: `file.npz:train:12`.

        Raises:
            DataError: arrays are missing, damaged or not as many as each other, or a label is no class.
        """
        cases = []
        labels: dict[Place, np.ndarray] = {}
        for case, place, number in self.form.cases(folder, with_label=False):
            if place not in labels:
                labels[place] = whole_labels(place)
            target = int(labels[place][number or 0])
            if target >= len(self.structures):
                raise DataError(
                    f"{one_line(place[0])}: the case {one_line(case.id)} has the label {target}, and there are "
                    f"{len(self.structures)} classes, from 0.\nCorrect the labels, or `classes` of the data set's file."
                )
            if not number:  # all of an array have one shape
                _channels_last(case, self._image(case))
            cases.append(replace(case, target=target))
        return require_cases(cases, folder, self.structures, self.layout)


@dataclass(frozen=True)
class ArrayMasks(PictureReader):
    """Reader of images with label maps (H, W), or a mask for each structure (C, H, W) or (H, W, C)."""

    version: ClassVar[int] = 1

    values: tuple[int, ...]
    """Value of each structure in label maps; empty: the one structure is whatever is not 0, of one value."""

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id. Raises `DataError` as `ArrayImages.read` does."""
        cases = [case for case, _, _ in self.form.cases(folder, with_label=True)]
        return require_cases(cases, folder, (), self.layout)

    def load_masks(self, case: Case) -> np.ndarray:
        """(C, H, W) bool, one channel for each structure.

        Raises:
            DataError: an array cannot be read, the label is not of the image's size, or has a value that is no class.
        """
        size, n = _channels_last(case, self._image(case)).shape[:2], len(self.structures)
        label = self._label(case)
        if n > 1 and label.shape in ((n, *size), (*size, n)):
            masks = label if label.shape == (n, *size) else np.moveaxis(label, 2, 0)
            return np.stack([self._of_values(case, mask, (masks.max(),)) for mask in masks])
        if label.shape in ((1, *size), (*size, 1)):
            label = label.reshape(size)
        if label.shape != size:
            raise DataError(
                f"{one_line(case.labels[0])}: the label of {one_line(case.id)} has the shape {label.shape}, its image "
                f"has {size[0]} x {size[1]} pixels.\n{_FIX}"
            )
        values = self.values or (label.max(),)
        self._of_values(case, label, values)
        return np.asarray(label == np.array(values).reshape(-1, 1, 1)) & (label != 0)

    def _of_values(self, case: Case, label: np.ndarray, values: tuple[int, ...]) -> np.ndarray:
        """Whether a pixel (H, W) is of any structure. Raises `DataError` for a value that is neither 0 nor known."""
        unknown = np.setdiff1d(label, [0, *values])
        if unknown.size:
            shown = ", ".join(f"{value:g}" for value in unknown[:5])
            known = ", ".join(f"{value:g}" for value in sorted({0, *values}))
            raise DataError(
                f"{one_line(case.labels[0])}: the label of {one_line(case.id)} holds values that are no class: "
                f"{shown}; expected {known}.\nCorrect the labels, or give `values` in [layout]."
            )
        return np.asarray(label != 0)

    def load_region(self, case: Case) -> np.ndarray | None:
        """None: all pixels count."""
        return None


@dataclass(frozen=True)
class ArrayVolumes(ArrayReader):
    """Reader of volumes (X, Y, Z) with label maps of the same shape."""

    version: ClassVar[int] = 1

    values: tuple[int, ...]
    """Value of each structure in label maps; empty: the one structure is whatever is above 0."""
    axes: str
    """`xyz`, or `zyx` where the first axis is that of the slices."""
    spacing: tuple[float, float, float]
    """Millimetres between voxels along x, y and z."""

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id. Raises `DataError` as `ArrayImages.read` does."""
        cases = [case for case, _, _ in self.form.cases(folder, with_label=True)]
        return require_cases(cases, folder, (), self.layout)

    def load_volume(self, case: Case) -> Volume:
        """Intensities (X, Y, Z), float32. Raises `DataError` where the array cannot be read or is no volume."""
        return Volume(self._turned(case, self._image(case)).astype(np.float32), self._affine)

    def load_labels(self, case: Case) -> Volume:
        """Labels (X, Y, Z), uint8; values within 0.001 of a whole number are read as it.

        Raises:
            DataError: the array cannot be read, is of another shape than its volume, or holds a value that is no class.
        """
        labels, image = self._turned(case, self._label(case)), self._turned(case, self._image(case))
        if labels.shape != image.shape:
            raise DataError(
                f"{one_line(case.labels[0])}: the label map of {one_line(case.id)} has the shape {labels.shape}, its "
                f"volume has {image.shape}.\n{_FIX}"
            )
        values = {value: number for number, value in enumerate(self.values, start=1)} or None
        return NiftiVolumes((), values).to_labels(case.labels[0], labels, self._affine)

    @cached_property
    def _affine(self) -> np.ndarray:
        return np.diag([*self.spacing, 1.0])

    def _turned(self, case: Case, array: np.ndarray) -> np.ndarray:
        """An array in the order x, y, z. Raises `DataError` where it has not three axes."""
        found = array[0] if array.ndim == 4 and array.shape[0] == 1 else array
        found = found[..., 0] if found.ndim == 4 and found.shape[3] == 1 else found
        if found.ndim != 3 or 0 in found.shape:
            raise DataError(
                f"{one_line(case.image)}: the array of {one_line(case.id)} has the shape {array.shape}; expected a "
                f"volume, three axes.\n{_FIX}"
            )
        return np.ascontiguousarray(found.transpose(2, 1, 0)) if self.axes == "zyx" else found


def _channels_last(case: Case, pixels: np.ndarray) -> np.ndarray:
    """(H, W, 1, 3 or 4) of (H, W), (H, W, C) or (C, H, W). Raises `DataError` for any other shape."""
    if pixels.ndim == 2 and 0 not in pixels.shape:
        return pixels[..., None]
    if pixels.ndim == 3 and 0 not in pixels.shape:
        if pixels.shape[2] in (1, 3, 4):
            return pixels
        if pixels.shape[0] in (1, 3, 4):
            return np.moveaxis(pixels, 0, 2)
    raise DataError(
        f"{one_line(case.image)}: the array of {one_line(case.id)} has the shape {pixels.shape}; expected an image, "
        f"(H, W) or with 1, 3 or 4 channels.\n{_FIX}"
    )
