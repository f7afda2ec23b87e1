"""Volumes as slices: a canonical orientation, a slicing axis, and the way back to the owner's grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from nibabel import affines, orientations

from bench.data.volumes import Grid as VoxelGrid
from bench.data.volumes import through_plane
from tasks.kinds.segmentation.settings import Plane

_AXES = {"sagittal": 0, "coronal": 1, "axial": 2}


@dataclass(frozen=True)
class Grid:
    """How a stored array (X, Y, Z) becomes slices (N, H, W)."""

    orientation: np.ndarray
    """(3, 2) of the stored array, as nibabel writes it."""
    axis: int
    """Slicing axis in right-anterior-superior orientation."""
    spacing_mm: tuple[float, float, float]
    """Between slices, rows and columns."""


def find_grid(affine: np.ndarray, plane: Plane) -> Grid:
    """Grid of a volume with an affine (4, 4). `auto` cuts across the axis of the largest spacing, axial where equal."""
    orientation = orientations.io_orientation(affine)
    spacing = np.empty(3)
    spacing[orientation[:, 0].astype(int)] = affines.voxel_sizes(affine)
    axis = through_plane(VoxelGrid((0, 0, 0), affine))[0] if plane == "auto" else _AXES[plane]
    rows, columns = (a for a in (2, 1, 0) if a != axis)  # slices are turned: rows run along the later axis
    return Grid(orientation, axis, (float(spacing[axis]), float(spacing[rows]), float(spacing[columns])))


def cut(array: np.ndarray, grid: Grid) -> np.ndarray:
    """(X, Y, Z) as stored -> slices (N, H, W), a view, turned as the pretraining corpus turns slices of volumes."""
    canonical = orientations.apply_orientation(array, grid.orientation)
    return np.rot90(np.moveaxis(canonical, grid.axis, 0), axes=(1, 2))


def stack(slices: np.ndarray, grid: Grid) -> np.ndarray:
    """Slices (N, H, W) -> (X, Y, Z) as stored; undoes `cut`."""
    canonical = np.moveaxis(np.rot90(slices, k=-1, axes=(1, 2)), 0, grid.axis)
    back = orientations.ornt_transform(orientations.axcodes2ornt("RAS"), grid.orientation)
    stored: np.ndarray = orientations.apply_orientation(canonical, back)
    return stored


def scale_intensities(array: np.ndarray, window: tuple[float, float] | None) -> np.ndarray:
    """Map a window, else the percentiles 0.5 and 99.5 of the volume, to [0, 1]; float32, clipped."""
    low, high = map(float, window if window is not None else np.percentile(array, (0.5, 99.5)))
    scaled: np.ndarray = (np.asarray(array, dtype=np.float32) - low) / max(high - low, 1e-6)
    return scaled.clip(0, 1)
