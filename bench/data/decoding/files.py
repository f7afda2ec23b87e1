"""Opening image files: one frame, of a size that fits, the right way up, and one error for what is none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from bench.core.errors import BenchError, DataError
from bench.core.escape import one_line
from bench.core.reading import reason_of, require_memory, require_regular
from bench.data.decoding.remarks import remark

_WORKING_BYTES = 12
"""Memory a pixel takes while it is decoded: as stored, and as RGB with a copy, or as float64."""
_ORIENTATION, _WIDTH, _HEIGHT, _KIND_OF_PAGE, _MPO_ENTRIES = 0x0112, 256, 257, 254, 0xB002
"""EXIF and TIFF tags, and the table of images in the Multi-Picture Format."""
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF files begin."""
warnings.filterwarnings("ignore", message="Corrupt EXIF data", module="PIL")
TURNED = "turned upright by the EXIF orientation, as viewers do; masks and boxes must be those of the upright image"


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open an image (a `PIL.ImageFile.ImageFile`) of one frame; whatever fails meanwhile becomes one `DataError`."""
    try:
        if require_regular(path) == 0:
            raise ValueError("the file is empty (0 bytes)")
        # a file and not a path: of a path, Pillow maps TIFFs into memory, and scrambles those that are to be turned
        with path.open("rb") as file, Image.open(file) as image:
            require_memory(image.width * image.height * _WORKING_BYTES, f"an image of {image.width} x {image.height}")
            _require_one_frame(path, image)
            yield image
    except BenchError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{one_line(path)}: there is no such file.\nRestore it from the owner's archive.") from error
    except Image.DecompressionBombError as error:
        most = f"{2 * (Image.MAX_IMAGE_PIXELS or 0):,}".replace(",", " ")
        raise DataError(
            f"{one_line(path)}: has more than {most} pixels, the most that is decoded.\nMake it smaller, or cut it "
            "into tiles, and name those instead."
        ) from error
    except UnidentifiedImageError as error:
        raise _no_image(path) from error
    except Exception as error:  # Pillow's decoders raise many types: OSError, SyntaxError, struct.error, ...
        what = "read" if isinstance(error, OSError) and error.errno else "decoded"
        raise DataError(
            f"{one_line(path)}: cannot be {what}: {reason_of(error)}.\n"
            "Restore this file from the owner's archive, or remove it."
        ) from error


def load(path: Path, image: Any) -> int:
    """Decode an open image; the orientation that its pixels, as Pillow then has them, are still to be turned by."""
    if image.format == "TIFF":  # Pillow turns these itself, and forgets the orientation
        orientation = _orientation_of(image)
        image.load()
    else:
        image.load()
        orientation = _orientation_of(image)
    if orientation > 1:
        remark(path, TURNED)
    return 1 if image.format == "TIFF" else orientation


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels (H, W) or (H, W, C) as stored -> as shown under an EXIF orientation of 1 to 8."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def size_of(image: Any) -> tuple[int, int]:
    """Height and width of an open image the right way up, decoded only where its orientation may follow its pixels."""
    width, height = image.size
    if image.format == "TIFF":
        width, height = image.tag_v2[_WIDTH], image.tag_v2[_HEIGHT]  # Pillow has swapped some of them already
    if image.format == "PNG":
        image.load()
    return (width, height) if _orientation_of(image) >= 5 else (height, width)


def _orientation_of(image: Any) -> int:
    """The EXIF orientation of an open image, 1 to 8; 1 where it has none that can be read."""
    try:
        found = image.getexif().get(_ORIENTATION)
    except Exception:  # whatever is wrong with metadata, no viewer turns by it
        return 1
    return int(found) if found in range(1, 9) else 1


def _require_one_frame(path: Path, image: Any) -> None:
    """Raise `DataError` for an image of several frames, pages or layers; smaller copies of the first are none."""
    if not getattr(image, "is_animated", False):
        return
    n = image.n_frames
    if image.format == "TIFF":
        n -= sum(_is_reduced(image, page) for page in range(1, n))
        image.seek(0)
    if image.format == "MPO":
        kinds = [entry["Attribute"]["MPType"] for entry in image.mpinfo[_MPO_ENTRIES]]
        n -= sum(kind.startswith("Large Thumbnail") for kind in kinds[1:])
    if n > 1:
        raise DataError(
            f"{one_line(path)}: holds {n} frames, pages or layers; expected one image.\n"
            "Save the one that is meant, or each of them, as a file of its own."
        )


def _is_reduced(image: Any, page: int) -> bool:
    image.seek(page)
    return bool(image.tag_v2.get(_KIND_OF_PAGE, 0) & 1)


def _no_image(path: Path) -> DataError:
    with path.open("rb") as file:
        is_tiff = file.read(4) in _TIFF
    if is_tiff:
        return DataError(
            f"{one_line(path)}: cannot be decoded: it is damaged, or a TIFF of a kind that is not read.\nRestore it "
            "from the owner's archive, or save it as grey of 8, 16 or 32 bits, or as RGB of 8 or 16 bits a channel."
        )
    return DataError(
        f"{one_line(path)}: cannot be decoded: it is not an image.\n"
        "Restore this file from the owner's archive, or remove it."
    )
