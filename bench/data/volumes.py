"""Reading volumes, NIfTI or DICOM: one way to open them, one kind of error. Arrays stay as stored."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import reason_of, require_content, require_memory
from bench.data.decoding.dicom_series import is_series, read_series, read_slices

_WORKING_BYTES = 16
"""Memory a voxel takes besides the stored one: scaled by the header (float64), and as float32 with a copy."""


def is_volume(path: Path) -> bool:
    """Whether a path is a NIfTI file, by its name, or a DICOM series, see `is_series`."""
    return is_nifti(path) or is_series(path)


def is_nifti(path: Path) -> bool:
    """Whether a file is a NIfTI volume, by its name."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


class Grid(NamedTuple):
    """Where the voxels of a volume lie."""

    shape: tuple[int, int, int]
    affine: np.ndarray
    """(4, 4) voxel indices to millimetres, right-anterior-superior."""

    @property
    def spacing_mm(self) -> np.ndarray:
        """(3,) distance of neighbouring voxels along each stored axis."""
        spacing: np.ndarray = np.linalg.norm(self.affine[:3, :3], axis=0)
        return spacing


def read_grid(path: Path) -> Grid:
    """Shape and affine of a volume, from its header alone; dimensions of length 1 after the third are dropped.

    Raises `DataError` as `read_voxels` does.
    """
    if not is_nifti(path) and is_series(path):
        slices = read_slices(path)
        return Grid(slices.shape, slices.affine)
    image = _open(path)
    shape = image.shape[:3]
    if len(shape) != 3 or any(length != 1 for length in image.shape[3:]):
        raise DataError(
            f"{path}: has {len(image.shape)} dimensions, shape {image.shape}; expected one 3D volume.\n"
            "Split it into one file per volume, or restore the owner's file."
        )
    if 0 in shape or not np.isfinite(image.affine).all() or abs(np.linalg.det(image.affine[:3, :3])) < 1e-9:
        raise DataError(
            f"{path}: has shape {image.shape} and the affine {image.affine.tolist()}, which places no voxels in space."
            "\nRestore this file from the owner's archive."
        )
    return Grid(shape, np.asarray(image.affine, dtype=np.float64))


def read_voxels(path: Path) -> np.ndarray:
    """Voxels (X, Y, Z) of a volume as stored, with the header's scaling applied.

    Raises:
        DataError: the file is missing, empty, truncated, no volume, not 3D, or its voxels are colours or complex
            numbers, or a DICOM series has no even grid; names the file and the fix.
    """
    if not is_nifti(path) and is_series(path):
        return read_series(path)
    grid = read_grid(path)
    image = _open(path)
    stored = image.get_data_dtype()
    if stored.kind not in "biuf":
        what = "colours" if stored.names else f"numbers of type {stored}"
        raise DataError(
            f"{path}: its voxels are {what}; expected one real number per voxel.\n"
            "Convert it to a volume of intensities or labels, or restore the owner's file."
        )
    try:
        voxels = " x ".join(map(str, grid.shape))
        require_memory(math.prod(grid.shape) * (2 * stored.itemsize + _WORKING_BYTES), f"a volume of {voxels} voxels")
        return np.asanyarray(_whole(path, image).dataobj).reshape(grid.shape)
    except Exception as error:  # gzip, zlib and nibabel raise many types where a file is truncated
        raise _unreadable(path, error) from error


def scaling_error(path: Path) -> float:
    """Largest difference that the header's scaling of whole numbers makes to a value: half its step; 0 without one.

    That of a DICOM series is 0. Raises `DataError` as `read_voxels` does.
    """
    if not is_nifti(path) and is_series(path):
        return 0.0
    stored = _open(path)
    slope = abs(float(getattr(stored.dataobj, "slope", 1.0)))
    return 0.0 if stored.get_data_dtype().kind == "f" or slope == 1.0 else 0.5 * slope


def read_intensities(path: Path) -> np.ndarray:
    """Voxels (X, Y, Z) as float32. Raises `DataError` as `read_voxels` does, and where one is not finite."""
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        array = read_voxels(path).astype(np.float32)
    check_finite(path, array)
    return array


def check_finite(path: Path, array: np.ndarray, of: str = "voxels") -> None:
    """Raise `DataError` where a value of the volume, or of what `of` says, at `path` is not finite."""
    n = array.size - int(np.isfinite(array).sum())
    if n:
        raise DataError(
            f"{one_line(path)}: holds values that are not finite ({n} of {array.size} {of}).\n"
            "Restore this file from the owner's archive."
        )


def through_plane(grid: Grid) -> tuple[int, int]:
    """Axis of the slices in RAS orientation (0 sagittal, 1 coronal, 2 axial), and their number.

    It is the stored axis of the largest spacing; where spacings are equal within 1 %, axial comes first, then coronal.
    """
    from nibabel.orientations import io_orientation

    ras = io_orientation(grid.affine)[:, 0].astype(int)
    spacing = grid.spacing_mm
    stored = max((i for i in range(3) if spacing[i] >= 0.99 * spacing.max()), key=lambda i: ras[i])
    return int(ras[stored]), grid.shape[stored]


def n_slices(grid: Grid, axis: int) -> int:
    """Number of slices along an axis in RAS orientation (0 sagittal, 1 coronal, 2 axial)."""
    from nibabel.orientations import io_orientation

    ras = io_orientation(grid.affine)[:, 0].astype(int).tolist()
    return grid.shape[ras.index(axis)]


def _open(path: Path) -> Any:
    import nibabel

    try:
        require_content(path)
        return nibabel.load(path)
    except DataError:
        raise
    except Exception as error:  # nibabel's readers raise many types
        raise _unreadable(path, error) from error


def _whole(path: Path, image: Any) -> Any:
    """The image from the whole of its file: gzip's checksum stands at the end, which reading the voxels alone skips."""
    if not path.name.lower().endswith(".gz"):
        return image
    with gzip.open(path) as file:
        return type(image).from_bytes(file.read())


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{one_line(path)} is not a readable NIfTI volume: {reason_of(error)}.\nRestore this file from the owner's "
        "archive, or remove it."
    )
