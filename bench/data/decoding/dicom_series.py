"""DICOM volumes: a folder of one series, or a file of several frames, as voxels on a grid in space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.escape import one_line
from bench.core.reading import Unusable, is_junk, reading, require_memory
from bench.data.decoding.dicom import decode, frame_header, is_dicom, n_frames, read_dataset, shows_image
from bench.data.decoding.dicom_values import INVERTED, scaled

_RESTORE = "Restore this series from the owner's archive, or remove it."
_ANGLE = 1e-3
"""Largest difference of two directions' components; 0.06 degrees."""
_TILT = 0.01
"""Largest sideways step of the slices, as a share of their distance."""
_UNEVEN = 0.1
"""Largest difference of a distance between slices from the usual one, as a share of it."""
_WORKING_BYTES = 24
"""Memory a voxel takes while a volume is read: stored, scaled as float64, and in the whole."""


@dataclass(frozen=True)
class Frame:
    """One slice of a volume."""

    path: Path
    index: int | None
    """Of the frame in a file of several."""
    header: Any


@dataclass(frozen=True)
class Slices:
    """The slices of a volume in order, and where they lie."""

    frames: tuple[Frame, ...]
    affine: np.ndarray
    """(4, 4) voxel indices to millimetres, right-anterior-superior."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(X, Y, Z): columns, rows, slices."""
        header = self.frames[0].header
        return int(header.Columns), int(header.Rows), len(self.frames)


def is_series(path: Path) -> bool:
    """Whether a path is a folder, or a DICOM file of several frames; a damaged file is none."""
    if path.is_dir():
        return True
    if not is_dicom(path):
        return False
    try:
        return n_frames(read_dataset(path, pixels=False)) > 1
    except Exception:  # said with its name where it is read
        return False


def read_slices(path: Path) -> Slices:
    """The slices of a series by their headers, sorted by position along their normal.

    A file of several frames without positions, as ultrasound and angiography have, has its frames one millimetre apart
    in the order of the file; a single slice has its own thickness.

    Raises:
        DataError: a file is unreadable, there is no image, or the slices are of several series, sizes or orientations,
            lie at one place, are tilted against their normal, or have gaps; the message names the folder or file.
    """
    with reading(path, _RESTORE, what="is no readable DICOM series"):
        frames = _frames_of_folder(path) if path.is_dir() else _frames_of_file(path)
        if not frames:
            raise Unusable(f"{'this folder' if path.is_dir() else 'it'} holds no DICOM image in greys")
        _check_alike(frames)
        first = frames[0].header
        if any("ImagePositionPatient" not in f.header or "ImageOrientationPatient" not in f.header for f in frames):
            if len({frame.path for frame in frames}) > 1:
                raise Unusable("a slice has no position or orientation (ImagePositionPatient, ImageOrientationPatient)")
            return Slices(tuple(frames), _affine(_in_plane(first), np.zeros(3), np.array([0.0, 0.0, 1.0])))
        return _placed(frames)


def read_series(path: Path) -> np.ndarray:
    """Voxels (X, Y, Z) in the unit of the modality, whole numbers where the files do not scale them.

    `MONOCHROME1` is inverted within the range of the stored bits, before scaling. Raises `DataError` as `read_slices`
    does, and where the pixels are colours, damaged, or compressed in a way that cannot be decoded.
    """
    slices = read_slices(path)
    x, y, z = slices.shape
    with reading(path, _RESTORE, what="is no readable DICOM series"):
        require_memory(x * y * z * _WORKING_BYTES, f"a volume of {x} x {y} x {z} voxels")
        data: dict[Path, Any] = {}
        planes = []
        for frame in slices.frames:
            if frame.path not in data:
                data = {frame.path: read_dataset(frame.path, pixels=True)}  # one file at a time
            with reading(frame.path, _RESTORE, what="cannot be decoded"):
                planes.append(_plane(frame, data[frame.path]).T)
        return np.stack(planes, axis=2)


def _plane(frame: Frame, data: Any) -> np.ndarray:
    """Values (rows, columns) of a slice."""
    stored = decode(frame.path, data, frame.index)
    if stored.ndim != 2:
        raise Unusable("its pixels are colours; expected one real number per voxel")
    if str(frame.header.PhotometricInterpretation) == INVERTED and stored.dtype.kind in "iu":
        bits, signed = int(frame.header.BitsStored), stored.dtype.kind == "i"
        stored = ((-1 if signed else 2**bits - 1) - stored.astype(np.int64)).astype(stored.dtype)
    return scaled(stored, frame.header)


def _frames_of_folder(folder: Path) -> list[Frame]:
    files = [path for path in sorted(folder.iterdir()) if not is_junk(path.name) and is_dicom(path)]
    frames = [frame for path in files for frame in _frames_of_file(path)]
    if len({frame.path for frame in frames}) > 1 and any(frame.index is not None for frame in frames):
        raise Unusable("this folder holds several files, and one of them has several frames; expected one series")
    return frames


def _frames_of_file(path: Path) -> list[Frame]:
    """None of a file that is no image, as a report in the folder of a series."""
    with reading(path, _RESTORE, what="is no readable DICOM file"):
        data = read_dataset(path, pixels=False)
        if not shows_image(data):
            return []
        number = n_frames(data)
        if number == 1:
            return [Frame(path, None, frame_header(data, 0))]
        return [Frame(path, index, frame_header(data, index)) for index in range(number)]


def _check_alike(frames: list[Frame]) -> None:
    first = frames[0]
    for frame in frames[1:]:
        for name, what in (("SeriesInstanceUID", "series"), ("Rows", "sizes"), ("Columns", "sizes")):
            if frame.header.get(name) != first.header.get(name):
                raise Unusable(_several(what, first, frame))
        for name, what in (("PixelSpacing", "pixel spacings"), ("ImageOrientationPatient", "orientations")):
            one, other = (np.array(f.header.get(name) or [], dtype=np.float64) for f in (first, frame))
            if one.shape != other.shape or not np.allclose(one, other, rtol=0, atol=_ANGLE):
                raise Unusable(_several(what, first, frame))


def _several(what: str, first: Frame, other: Frame) -> str:
    places = [one_line(f.path.name) + ("" if f.index is None else f" frame {f.index + 1}") for f in (first, other)]
    return f"it holds slices of several {what}: {places[0]} and {places[1]}; expected one series of parallel slices"


def _in_plane(header: Any) -> np.ndarray:
    """(3, 2) steps of one column and of one row, millimetres, left-posterior-superior."""
    spacing = np.array(header.get("PixelSpacing") or [1, 1], dtype=np.float64)  # between rows, between columns
    axes = np.array(header.get("ImageOrientationPatient") or [1, 0, 0, 0, 1, 0], dtype=np.float64).reshape(2, 3)
    lengths = np.linalg.norm(axes, axis=1)
    if not (np.isfinite(spacing).all() and spacing.min() > 0 and np.allclose(lengths, 1, atol=0.01)):
        raise Unusable(f"pixel spacing {spacing.tolist()} and orientation {axes.ravel().tolist()} place no pixels")
    if abs(float(axes[0] @ axes[1])) > 0.01:
        raise Unusable(f"rows and columns are not at right angles: orientation {axes.ravel().tolist()}")
    return np.column_stack([axes[0] * spacing[1], axes[1] * spacing[0]])


def _placed(frames: list[Frame]) -> Slices:
    """Frames with positions, in order along their normal."""
    steps = _in_plane(frames[0].header)
    normal = np.cross(steps[:, 0], steps[:, 1])
    normal /= np.linalg.norm(normal)
    positions = np.array([[float(v) for v in frame.header.ImagePositionPatient] for frame in frames])
    if positions.shape != (len(frames), 3) or not np.isfinite(positions).all():
        raise Unusable("a slice's position (ImagePositionPatient) is not three finite numbers")
    order = np.argsort(positions @ normal, kind="stable")
    frames, positions = [frames[i] for i in order], positions[order]
    if len(frames) == 1:
        step = normal * float(frames[0].header.get("SliceThickness") or 1)
    else:
        step = _even_step(frames, positions, normal)
    return Slices(tuple(frames), _affine(steps, positions[0], step))


def _even_step(frames: list[Frame], positions: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """(3,) from each slice to the next, millimetres. Raises `Unusable` where there is no such step."""
    distances = np.diff(positions @ normal)
    usual = float(np.median(distances))
    same = int(distances.argmin())
    if distances[same] <= 1e-4 or usual <= 1e-4:
        names = " and ".join(one_line(frame.path.name) for frame in frames[same : same + 2])
        raise Unusable(f"two slices lie at one place ({names}): several times or contrasts? Expected one volume")
    far = int(np.abs(distances - usual).argmax())
    if abs(distances[far] - usual) > _UNEVEN * usual:
        names = " and ".join(one_line(frame.path.name) for frame in frames[far : far + 2])
        what = "slices are missing" if distances[far] > 1.5 * usual else "slices are not evenly spaced"
        raise Unusable(f"{what}: {names} are {distances[far]:.4g} mm apart, others {usual:.4g} mm")
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    sideways = float(np.linalg.norm(step - (step @ normal) * normal))
    if sideways > _TILT * usual:
        raise Unusable(
            f"its slices are tilted (gantry tilt): each lies {sideways:.3g} mm beside the one before; resample it to "
            "slices at right angles to their stack first"
        )
    return np.asarray((step @ normal) * normal)


def _affine(steps: np.ndarray, position: np.ndarray, step: np.ndarray) -> np.ndarray:
    """(4, 4) to right-anterior-superior, of what is left-posterior-superior."""
    affine = np.eye(4)
    affine[:3] = np.column_stack([steps, step, position])
    affine[:2] *= -1
    return affine + 0.0  # no negative zeros
