"""DICOM files with known values, written through pydicom."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def dataset(pixels: np.ndarray, **fields) -> Dataset:
    """A data set of an image (H, W), colours (H, W, 3), or frames (N, H, W); `fields` are keywords of DICOM."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    colours = pixels.ndim == 3 and pixels.shape[2] == 3
    frames = pixels.ndim == 3 and not colours
    data.Rows, data.Columns = pixels.shape[1:] if frames else pixels.shape[:2]
    data.SamplesPerPixel = 3 if colours else 1
    data.PhotometricInterpretation = "RGB" if colours else "MONOCHROME2"
    if colours:
        data.PlanarConfiguration = 0
    if frames:
        data.NumberOfFrames = len(pixels)
    data.BitsAllocated = data.BitsStored = 8 * pixels.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in fields.items():
        setattr(data, name, value)
    data.PixelData = pixels.tobytes()
    return data


def write(path: Path, pixels: np.ndarray, *, syntax=None, **fields) -> Path:
    """Write such a file, compressed where `syntax` is a transfer syntax."""
    data = dataset(pixels, **fields)
    if syntax is not None:
        data.compress(syntax, generate_instance_uid=False)
    data.save_as(path, enforce_file_format=True)
    return path


def write_series(folder: Path, volume: np.ndarray, *, order=None, **fields) -> Path:
    """A volume (X, Y, Z), int16, as one file a slice: 0.5 mm between columns, 0.8 between rows, 2 between slices."""
    folder.mkdir(parents=True, exist_ok=True)
    series = fields.pop("SeriesInstanceUID", generate_uid())
    for number, k in enumerate(order or range(volume.shape[2])):
        places = {"ImagePositionPatient": [10, 20, 30 + 2 * k], "PixelSpacing": [0.8, 0.5]}
        places |= {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "SeriesInstanceUID": series} | fields
        write(folder / f"{number:03d}.dcm", np.ascontiguousarray(volume[..., k].T), **places)
    return folder
