"""Writing made-up DICOM series, and label maps on their grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.core.errors import DataError
from bench.data.decoding.dicom import is_installed

_SPACING_MM = 3.0
_UID = "1.2.826.0.1.3680043.10.543"
"""Root of the identifiers of made-up files."""
_CT = "1.2.840.10008.5.1.4.1.1.2"


def write_series(folder: Path, form: str, volume: np.ndarray) -> None:
    """Write a volume (X, Y, Z), int16, as a slice a file; `form` is their path, `*` the number.

    Raises:
        DataError: pydicom is not installed.
    """
    if not is_installed():
        raise DataError("DICOM files are written by pydicom, which is not installed.\nInstall it: pip install pydicom")
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    for k in range(volume.shape[2]):
        path = folder / (form if "*" in form else f"{form}*").replace("**/", "").replace("*", f"{k:03d}")
        path.parent.mkdir(parents=True, exist_ok=True)
        number = sum(map(ord, form)) * 1000 + k
        slice_ = Dataset()
        slice_.file_meta = FileMetaDataset()
        slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        slice_.SOPClassUID = slice_.file_meta.MediaStorageSOPClassUID = _CT
        slice_.SOPInstanceUID = slice_.file_meta.MediaStorageSOPInstanceUID = f"{_UID}.{number}"
        slice_.SeriesInstanceUID = f"{_UID}.{number - k}.1"
        slice_.ImageOrientationPatient, slice_.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, _SPACING_MM * k]
        slice_.PixelSpacing, slice_.SliceThickness = [1, 1], _SPACING_MM
        slice_.Rows, slice_.Columns = volume.shape[1], volume.shape[0]
        slice_.SamplesPerPixel, slice_.PhotometricInterpretation, slice_.PixelRepresentation = 1, "MONOCHROME2", 1
        slice_.BitsAllocated, slice_.BitsStored, slice_.HighBit = 16, 16, 15
        slice_.PixelData = np.ascontiguousarray(volume[..., k].T.astype("<i2")).tobytes()
        slice_.save_as(path, enforce_file_format=True)


def write_labels(path: Path, labels: np.ndarray) -> None:
    """Write a label map (X, Y, Z) as NIfTI on the grid of `write_series`."""
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([-1.0, -1.0, _SPACING_MM, 1.0])
    nibabel.save(nibabel.Nifti1Image(labels.astype(np.int16), affine), path)
