"""NIfTI volumes with label maps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.core.errors import DataError
from bench.core.task import Case, Volume
from bench.data.volumes import Grid, check_finite, read_grid, read_intensities, read_voxels, scaling_error
from tasks.readers.pairs import PairedFiles

_UNKNOWN = 255
"""Marks, in a lookup table of labels, a value that is no class."""
_NEARLY_WHOLE = 1e-3
_MOST_SCALING_ERROR = 0.05


@dataclass(frozen=True)
class NiftiVolumes(PairedFiles):
    """Reader of one image volume and one label map per case. Arrays and affines are as the owner stored them."""

    version: ClassVar[int] = 1
    plain_nifti: ClassVar[bool] = True

    values: Mapping[int, int] | None
    """Value in the label map -> class number (1 is the first class); 0 is background. None: any value above 0 is 1."""
    subject: str = ""
    """Regular expression on a case's id, in whatever case, whose group names the patient; empty where names tell
    nothing. Names that differ in case alone are one patient's, spelt as the first."""

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id. Raises `DataError` as `pair_files` does; no file is opened."""
        cases = [(case, self._subject_of(case)) for case in super().read(folder)]
        spellings: dict[str, str] = {}
        for _, name in cases:
            if name is not None:
                spellings.setdefault(name.casefold(), name)
        return [replace(case, subject=name and spellings[name.casefold()]) for case, name in cases]

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """How many cases have names that tell no patient, where names should."""
        unknown = [case.id for case in cases if self.subject and case.subject is None]
        if not unknown:
            return ()
        return (
            f"the names of {len(unknown)} of {len(cases)} cases tell no patient, as {unknown[0]}: each is taken for a "
            "patient of its own, and two scans of one may stand on both sides of a split.",
        )

    def load_volume(self, case: Case) -> Volume:
        """Intensities (X, Y, Z), float32, as stored.

        Raises:
            DataError: the file is no 3D NIfTI volume, is truncated, or holds values that are not finite.
        """
        return Volume(read_intensities(case.image), read_grid(case.image).affine)

    def load_labels(self, case: Case) -> Volume:
        """Labels (X, Y, Z), uint8, on the grid of the volume: with its affine, which the file's own may differ from.

        Values within 0.001 of a whole number are read as it: 0.99999 is what a scaled or resampled 1 becomes. So are
        those within half the step of the header's scaling, where that is at most 0.1: the file cannot tell them apart.

        Raises:
            DataError: the file is no 3D NIfTI volume or is truncated, its grid is not that of the image, or it holds a
                value that is no class.
        """
        (path,) = case.labels
        grid = read_grid(case.image)
        _check_same_grid(path, read_grid(path), case.image, grid)
        return self.to_labels(path, read_voxels(path), grid.affine, scaling_error(path))

    def to_labels(self, path: Path, stored: np.ndarray, affine: np.ndarray, scaling: float = 0.0) -> Volume:
        """Labels (X, Y, Z), uint8, of stored values, see `load_labels`; `scaling` is the error of their file's scaling.

        Raises:
            DataError: a value is no class.
        """
        check_finite(path, stored)
        values = stored if stored.dtype.kind in "biu" else np.rint(stored)
        if np.abs(stored - values).max(initial=0) > _tolerance(scaling):
            raise self._no_class(path, np.unique(stored))
        return Volume(self._to_classes(path, values), affine, int((stored != values).sum()))

    def _subject_of(self, case: Case) -> str | None:
        found = re.search(self.subject, case.id, re.IGNORECASE) if self.subject else None
        return found[1] if found else None

    def _to_classes(self, path: Path, stored: np.ndarray) -> np.ndarray:
        """Class numbers (X, Y, Z), uint8, of whole numbers."""
        values = stored.astype(np.int32)
        if not np.array_equal(values, stored) or values.min() < 0:  # beyond 32 bits, too
            raise self._no_class(path, np.unique(stored))
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
        wrong = [v for v in found.tolist() if (v not in known if self.values is not None else v < 0 or v != int(v))]
        shown = ", ".join(f"{v:g}" for v in wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        return DataError(
            f"{path}: this label map holds values that are no class: {shown}; expected {expected}"
            f"{', as whole numbers to within 0.001' if any(v != int(v) for v in wrong) else ''}.\n"
            "Restore this file from the owner's archive, or remove the case."
        )


def _tolerance(error: float) -> float:
    """How far from a whole number a label may be stored."""
    return max(_NEARLY_WHOLE, 1.001 * error if error <= _MOST_SCALING_ERROR else 0.0)


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
