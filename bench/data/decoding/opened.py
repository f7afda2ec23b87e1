"""Opening image files: one way, one kind of error; which way up they are, how many frames and how many bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import Unusable, reason_of, require_content, require_memory
from bench.data.decoding.dicom import is_dicom, read_picture

DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
"""Pillow's greyscale modes of more than 8 bits."""
_WORKING_BYTES = 12
"""Memory a pixel takes while it is decoded: as stored, and as RGB with a copy, or as float64."""
_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 258
_SUBFILE_TYPE = 254
_TURNS: Mapping[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: np.rot90,
}
"""EXIF orientation -> what turns stored pixels (H, W, ...) upright."""
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class Stored:
    """An image as its file holds it."""

    image: Image.Image
    """Decoded by Pillow; only the header is, where `deep_colours` are there or pixels were not asked for."""
    deep_colours: np.ndarray | None
    """(H, W, 3 or 4) uint16, red first, of a file of 16-bit colours, which Pillow would cut to 8 bits; else None."""
    orientation: int
    """EXIF's, 1 to 8; 1 is upright."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the upright picture, pixels."""
        height, width = self.image.height, self.image.width
        return (width, height) if self.orientation in _SIDEWAYS else (height, width)

    def upright(self, pixels: np.ndarray) -> np.ndarray:
        """Stored pixels (H, W, ...), turned."""
        turn = _TURNS.get(self.orientation)
        return pixels if turn is None else np.ascontiguousarray(turn(pixels))


@contextmanager
def opened(path: Path, *, pixels: bool = True, shown: bool = True) -> Iterator[Stored]:
    """Open an image; whatever fails while it is open becomes one `DataError`. Without `pixels`, the header alone.

    Greys of a DICOM file are as the file says that they are shown, or without `shown` its values, see `read_picture`.
    """
    try:
        require_content(path)
        if is_dicom(path):
            yield Stored(*read_picture(path, pixels=pixels, shown=shown), orientation=1)
            return
        # by a file object: of a path, Pillow maps plain TIFF pixels into memory, and turns those on their side wrongly
        with path.open("rb") as file, Image.open(file) as image:
            require_memory(image.width * image.height * _WORKING_BYTES, f"an image of {image.width} x {image.height}")
            _require_one_frame(path, image)
            orientation = _orientation(image)  # before decoding, which may find a late EXIF block
            deep = _has_deep_colours(image)
            if pixels and not deep:
                image.load()  # raises where the file is truncated
            yield Stored(image, _deep_colours(path) if pixels and deep else None, orientation)
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        most = f"{2 * (Image.MAX_IMAGE_PIXELS or 0):,}".replace(",", " ")
        raise DataError(
            f"{one_line(path)}: has more than {most} pixels, the most that is decoded.\nMake it smaller, or cut it "
            "into tiles, and name those instead."
        ) from error
    except Exception as error:  # Pillow's decoders raise many types: OSError, SyntaxError, struct.error, ...
        reason = "it is not an image" if isinstance(error, UnidentifiedImageError) else reason_of(error)
        what = "read" if isinstance(error, OSError) and error.errno else "decoded"
        raise DataError(
            f"{one_line(path)}: cannot be {what}: {reason}.\nRestore this file from the owner's archive, or remove it."
        ) from error


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none. Pillow turns TIFF files itself.

    Of a PNG, only a block before the pixels counts, so that size and pixels agree without decoding for the size.
    """
    if image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info):
        return 1
    return int(image.getexif().get(_ORIENTATION, 1))


def _require_one_frame(path: Path, image: Image.Image) -> None:
    """Raise `DataError` for a film or a stack; previews do not count (MPO of cameras, smaller copies in a TIFF)."""
    frames = getattr(image, "n_frames", 1)
    if frames == 1 or image.format == "MPO":
        return
    if image.format == "TIFF":
        frames = sum(not _is_preview(image, number) for number in range(frames))
        image.seek(0)
    if frames > 1:
        raise DataError(
            f"{one_line(path)}: holds {frames} frames; expected one image.\nSplit it into one file for each frame, or "
            "remove it."
        )


def _is_preview(image: Image.Image, number: int) -> bool:
    image.seek(number)
    return bool(int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & 1)  # type: ignore[attr-defined]


def _has_deep_colours(image: Image.Image) -> bool:
    """Whether a file holds colours, or grey with transparency, of more than 8 bits, which Pillow cuts to 8."""
    if image.mode in DEEP_MODES:
        return False
    if image.format == "PNG":
        return any(";16" in str(tile[3]) for tile in image.tile)  # type: ignore[attr-defined]
    if image.format == "TIFF":
        return max(image.tag_v2.get(_BITS_PER_SAMPLE, (8,))) > 8  # type: ignore[attr-defined]
    return False


def _deep_colours(path: Path) -> np.ndarray:
    """(H, W, 3 or 4) uint16, red first. Raises `Unusable` where they cannot be decoded."""
    import cv2

    try:
        pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    if pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint16:
        raise Unusable("its colours of more than 8 bits have a form that is not known; write it as a PNG of 8 or 16")
    order = [2, 1, 0, 3][: pixels.shape[2]]
    return np.ascontiguousarray(pixels[..., order])
