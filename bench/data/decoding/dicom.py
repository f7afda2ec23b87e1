"""DICOM files through pydicom: which files are DICOM, their headers, and their pixels as values or as shown."""

from __future__ import annotations

import logging
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import Unusable, require_content, require_memory
from bench.data.decoding.dicom_values import scaled, shown_values

SUFFIXES = (".dcm", ".dicom", ".ima")
"""In lower case. A file without one, or with one of digits alone as names made of UIDs have, is known by `DICM`."""
_MAGIC, _MAGIC_AT = b"DICM", 128
_NO_IMAGE = "DICOMDIR"
_WORKING_BYTES = 24
"""Memory a value takes while it is decoded: as stored, as float64 twice."""
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_PARTIAL_422", "YBR_ICT", "YBR_RCT")
_GREY = ("MONOCHROME1", "MONOCHROME2")
_PALETTE = "PALETTE COLOR"
_OF_A_FRAME = (
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction"),
    *("VOILUTSequence", "PixelPaddingValue", "PixelPaddingRangeLimit", "PixelSpacing", "SliceThickness"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelRepresentation", "BitsStored", "Rows", "Columns"),
    *("PhotometricInterpretation", "SeriesInstanceUID", "SpacingBetweenSlices"),
)
"""What may differ between the frames of a file, or is asked of each."""
_OVERLAYS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.2")
"""SOP classes of what lies over images: segmentations, doses."""
_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_LIBRARIES = ("pydicom", "pylibjpeg", "libjpeg", "openjpeg", "rle", "jpeg_ls")
_LOCK = threading.Lock()


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM: by its suffix, or where a name has none, by what stands at byte 128."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return True
    if (suffix and not suffix[1:].isdigit()) or path.name.upper() == _NO_IMAGE:
        return False
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC
    except OSError:
        return False


def is_installed() -> bool:
    """Whether pydicom can be imported."""
    try:
        import pydicom  # noqa: F401
    except ImportError:
        return False
    return True


def holds_image(path: Path) -> bool:
    """Whether a file is DICOM and `shows_image`; one that is DICOM and damaged counts as an image."""
    try:
        return shows_image(read_dataset(path, pixels=False))
    except Unusable:
        return False
    except Exception:  # said with its name where it is read
        return True


def shows_image(header: Any) -> bool:
    """Whether a file is an image or a grey volume.

    Reports and structure sets hold no pixels, segmentations and doses no image, and films in colours are no volume.
    """
    if "Rows" not in header or str(header.get("SOPClassUID")) in _OVERLAYS:
        return False
    return n_frames(header) == 1 or str(header.get("PhotometricInterpretation")) in _GREY


def read_dataset(path: Path, *, pixels: bool) -> Any:
    """What a DICOM file holds, with or without its pixels.

    Raises:
        DataError: the file is missing, or pydicom is not installed.
        Exception: whatever pydicom raises, and `Unusable` for a file that is empty or no DICOM file.
    """
    if not is_installed():
        raise DataError(
            f"{one_line(path)}: this is a DICOM file, and pydicom, which reads it, is not installed.\n"
            "Install it: pip install 'medical-ssl-bench[dicom]'"
        )
    _quieten()
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    require_content(path)
    require_memory(2.0 * path.stat().st_size if pixels else 0)
    try:
        return dcmread(path, stop_before_pixels=not pixels)
    except InvalidDicomError as error:
        raise Unusable("it is no DICOM file: DICM is missing at byte 128") from error


def n_frames(header: Any) -> int:
    """Number of frames. Raises `Unusable` where there are none."""
    number = int(header.get("NumberOfFrames") or 1)
    if "Rows" not in header or "Columns" not in header or min(int(header.Rows), int(header.Columns), number) < 1:
        raise Unusable(f"it holds no image (SOP class {getattr(header.get('SOPClassUID'), 'name', 'unknown')})")
    return number


def read_picture(path: Path, *, pixels: bool, shown: bool) -> tuple[Image.Image, np.ndarray | None]:
    """The image of a file with one frame, as Pillow holds it, and 16-bit colours (H, W, 3) where it has them.

    Greys are 8 bits where the file says how it is shown (window, lookup table, 8 bits), else the values after the
    file's scaling, inverted where `MONOCHROME1`. Without `shown` they are the values of a mask: scaled, never windowed
    nor inverted. Without `pixels` only the size holds.

    Raises:
        DataError: the file holds several frames, or what reads it is not installed.
        Exception: whatever pydicom and its decoders raise.
    """
    data = read_dataset(path, pixels=pixels)
    frames = n_frames(data)
    if frames > 1:
        raise DataError(
            f"{one_line(path)}: holds {frames} frames; expected one image.\nUse it as a volume (layout `dicom`), or "
            "split it into one file for each frame."
        )
    require_memory(int(data.Rows) * int(data.Columns) * _WORKING_BYTES, f"an image of {data.Columns} x {data.Rows}")
    _require_size(int(data.Columns), int(data.Rows))
    if not pixels:
        return Image.new("L", (int(data.Columns), int(data.Rows))), None
    stored = decode(path, data)
    if stored.ndim == 3:
        deep = stored.dtype != np.uint8
        return Image.fromarray(np.zeros(stored.shape[:2], np.uint8) if deep else stored), stored if deep else None
    header = frame_header(data, 0)
    return _as_pillow(shown_values(stored, header) if shown else scaled(stored, header)), None


def decode(path: Path, data: Any, index: int | None = None) -> np.ndarray:
    """Stored values (H, W) of a frame, of all frames (N, H, W), or colours (H, W, 3): uint8, or uint16 of more bits.

    Raises:
        DataError: the decoder of the file's compression is not installed.
        Exception: whatever pydicom and its decoders raise, and `Unusable` for colours that are not known.
    """
    from pydicom.pixels import apply_color_lut, pixel_array

    if not any(name in data for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise Unusable("it has no pixels")
    _require_decoder(path, data)
    photometric = str(data.PhotometricInterpretation)
    if photometric not in (*_GREY, *_COLOURS, _PALETTE):
        raise Unusable(f"its colours are {one_line(photometric)}, which are not known")
    try:
        values: np.ndarray = pixel_array(data, index=index)
    except RuntimeError as error:  # the reason of each decoder stands on a line of its own
        raise Unusable(" ".join(str(error).split())) from error
    if photometric == _PALETTE:
        colours = apply_color_lut(values, data)
        return colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)
    return np.ascontiguousarray(values)


def frame_header(data: Any, index: int) -> Any:
    """What holds for one frame: of the data set, of all its frames, and of this one (enhanced multi-frame)."""
    from pydicom.dataset import Dataset

    merged = Dataset()
    sources = [data]
    for name in _GROUPS:
        items = data.get(name) or []
        chosen = items[:1] if name.startswith("Shared") else items[index : index + 1]
        sources += [macro.value[0] for item in chosen for macro in item if macro.VR == "SQ" and macro.value]
    for source in sources:
        for name in _OF_A_FRAME:
            if name in source and source[name].value not in (None, ""):
                merged[name] = source[name]
    return merged


def _quieten() -> None:
    """What pydicom and its decoders warn of or log is mended by them, or an error when the pixels are decoded."""
    with _LOCK:
        if not any(action == "ignore" and "pydicom" in str(module) for action, _, _, module, _ in warnings.filters):
            warnings.filterwarnings("ignore", module=rf"({'|'.join(_LIBRARIES)})(\.|$)")
        for logger in map(logging.getLogger, _LIBRARIES):
            if not logger.handlers:
                logger.addHandler(logging.NullHandler())


def _require_decoder(path: Path, data: Any) -> None:
    from pydicom.pixels import get_decoder

    syntax = data.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise Unusable(f"its pixels are stored as {syntax.name}, which cannot be decoded") from error
    if syntax.is_encapsulated and not decoder.is_available:
        raise DataError(
            f"{one_line(path)}: its pixels are compressed as {syntax.name}, and what decodes that is not installed.\n"
            "Install it: pip install 'medical-ssl-bench[dicom]'"
        )


def _require_size(width: int, height: int) -> None:
    if width * height > 2 * (Image.MAX_IMAGE_PIXELS or width * height):
        raise Image.DecompressionBombError


def _as_pillow(values: np.ndarray) -> Image.Image:
    """8-bit grey, or mode I or F of other values (H, W)."""
    if values.dtype == np.uint8:
        return Image.fromarray(values)
    whole = (values.dtype.kind in "biu" and values.dtype.itemsize < 4) or values.dtype == np.int32
    return Image.fromarray(values.astype(np.int32 if whole else np.float32))
