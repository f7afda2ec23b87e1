"""NIfTI volumes with label maps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.core.errors import DataError
from bench.core.task import Case, Volume
from bench.data.decoding.remarks import remark
from bench.data.volumes import Grid, check_finite, read_grid, read_intensities, read_voxels
from tasks.readers.pairs import PairedFiles

_NEARLY = 1e-3
"""Largest distance of a stored value from the whole number it stands for, as scaling and float32 leave it."""
_LARGEST = np.iinfo(np.int32).max
NEARLY_WHOLE = f"label values within {_NEARLY:g} of whole numbers were taken as these"
_UNKNOWN = 255
"""Marks, in a lookup table of labels, a value that is no class."""


@dataclass(frozen=True)
class NiftiVolumes(PairedFiles):
    """Reader of one image volume and one label map per case. Arrays and affines are as the owner stored them."""

    version: ClassVar[int] = 2

    values: Mapping[int, int] | None
    """Value in the label map -> class number (1 is the first class); 0 is background. None: any value above 0 is 1."""
    subject: str = ""
    """Regular expression on a case's id whose first group names the patient; empty where names tell nothing."""

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id. Raises `DataError` as `pair_files` does; no file is opened."""
        return [replace(case, subject=self._subject_of(case)) for case in super().read(folder)]

    def load_volume(self, case: Case) -> Volume:
        """Intensities (X, Y, Z), float32, as stored.

        Raises:
            DataError: the file is no 3D NIfTI volume, is truncated, or holds values that are not finite.
        """
        return Volume(read_intensities(case.image), read_grid(case.image).affine)

    def load_labels(self, case: Case) -> Volume:
        """Labels (X, Y, Z), uint8, on the grid of the volume: with its affine, which the file's own may differ from.

        Raises:
            DataError: the file is no 3D NIfTI volume or is truncated, its grid is not that of the image, or it holds a
                value that is no class.
        """
        (path,) = case.labels
        grid = read_grid(case.image)
        _check_same_grid(path, read_grid(path), case.image, grid)
        stored = read_voxels(path)
        check_finite(path, stored)
        return Volume(self._to_classes(path, stored), grid.affine)

    def _subject_of(self, case: Case) -> str | None:
        found = re.search(self.subject, case.id) if self.subject else None
        return found[1] if found else None

    def _to_classes(self, path: Path, stored: np.ndarray) -> np.ndarray:
        """Class numbers (X, Y, Z), uint8, of stored values; those nearly whole are taken as whole, with a remark."""
        nearest = np.rint(stored) if stored.dtype.kind == "f" else stored
        off = float(np.abs(stored - nearest).max()) if stored.dtype.kind == "f" else 0.0
        if off > _NEARLY or nearest.min() < 0 or nearest.max() > _LARGEST:
            raise self._no_class(path, np.unique(stored))
        if off:
            remark(path, NEARLY_WHOLE)
        values = nearest.astype(np.int32)
        if self.values is None:
            return (values > 0).astype(np.uint8)
        if values.max() >= len(self._table):
            raise self._no_class(path, np.unique(values))
        classes = self._table[values]
        if (classes == _UNKNOWN).any():
            raise self._no_class(path, np.unique(values))
        return classes

    @cached_property
    def _table(self) -> np.ndarray:
        """Class number of every value up to the largest known one."""
        values = self.values or {}
        table = np.full(max(values, default=0) + 1, _UNKNOWN, dtype=np.uint8)
        table[0] = 0
        for value, number in values.items():
            table[value] = number
        return table

    def _no_class(self, path: Path, found: np.ndarray) -> DataError:
        expected = "whole numbers from 0" if self.values is None else ", ".join(map(str, [0, *sorted(self.values)]))
        known = set(self.values or ()) | {0}
        near = {v: int(np.rint(v)) if abs(v - np.rint(v)) <= _NEARLY else -1 for v in found.tolist()}
        wrong = [v for v, whole in near.items() if (whole not in known if self.values is not None else whole < 0)]
        shown = ", ".join(f"{v:.10g}" for v in wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        return DataError(
            f"{path}: this label map holds values that are no class: {shown}; expected {expected}.\n"
            "Restore this file from the owner's archive, or remove the case."
        )


def _check_same_grid(path: Path, grid: Grid, image: Path, other: Grid) -> None:
    """Raise `DataError` unless shapes are equal and no corner lies half a voxel from where the other grid has it."""
    fix = "Restore both files from the owner's archive, resample the label map to the image, or remove the case."
    if grid.shape != other.shape:
        raise DataError(f"{path}: this label map has shape {grid.shape}, its image {image} has {other.shape}.\n{fix}")
    corners = np.array([(*c, 1) for c in product(*((0, n - 1) for n in grid.shape))])  # (8, 4)
    distance_mm = float(np.linalg.norm(corners @ (grid.affine - other.affine).T, axis=1).max())
    if not distance_mm <= other.spacing_mm.min() / 2:
        raise DataError(
            f"{path}: this label map lies elsewhere than its image {image}: corners up to {distance_mm:.3g} mm apart "
            f"(orientation {_axes(grid)} against {_axes(other)}, spacing {_mm(grid)} against {_mm(other)}).\n{fix}"
        )


def _axes(grid: Grid) -> str:
    from nibabel.orientations import aff2axcodes

    return "".join(aff2axcodes(grid.affine))


def _mm(grid: Grid) -> str:
    return " x ".join(f"{length:.3g}" for length in grid.spacing_mm) + " mm"
