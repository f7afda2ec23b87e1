"""Content of images and volumes: what stays the same when a file is written again without loss."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from bench.core.console import Report
from bench.core.digest import digest
from bench.core.task import Case, DataSet, Reader, Volume
from bench.core.versions import declared_version
from bench.data.cache import DiskCache
from bench.data.contract.loads import decodes_volume, load_image, load_volume, shows_volume
from bench.data.dataset import Data
from bench.data.decoding.dicom import is_dicom
from bench.data.decoding.images import read_stored
from bench.data.volumes import is_volume, read_grid, read_voxels

CONTENT_VERSION = 2
"""Raised whenever keys or thumbnails of the same pixels become others."""
THUMBNAIL_PX = 64
_KEY_BYTES = 32
_AFFINE_DECIMALS = 4
_THREADS = 4
_CONTAINERS = frozenset({"BUFR", "GRIB", "HDF5", "MPEG", "PDF", "WMF"})
"""Formats whose endings Pillow knows and whose files it does not decode."""


@dataclass(frozen=True)
class Content:
    """What a file shows, whatever its bytes."""

    key: str
    """SHA-256 (hex) of the decoded pixels and their size, or of voxels, shape and affine of a volume."""
    thumbnail: np.ndarray | None
    """(64, 64) uint8 grey, the whole image squeezed into a square; None for a volume."""


class Source(NamedTuple):
    """A file to read."""

    path: Path
    load: Callable[[], Image.Image | Volume] | None = None
    """Decodes it where only the data set's reader can (films without a header, one of many cases in a file)."""
    decoder: str = ""
    """Name and version of that reader."""


def sources_of(data: Data) -> dict[str, Source]:
    """The images of a data set: SHA-256 of the file -> the file."""
    reader = data.data_set.reader
    found = {}
    for case in data.cases:
        load = _own_load(reader, case)
        name = f"{type(reader).__name__} {declared_version(type(reader))}" if load else ""
        found[data.hashes[case.id]] = Source(case.image, partial(load, data.data_set, case) if load else None, name)
    return found


def _own_load(reader: Reader, case: Case) -> Callable[[DataSet, Case], Image.Image | Volume] | None:
    """What loads a case that only its reader decodes; None where the file alone tells what it shows."""
    if decodes_volume(reader, case):
        return load_volume
    if not hasattr(reader, "load_image") or shows_volume(reader, case):
        return None
    return load_image if case.content is not None or not _is_image(case.image) else None


def read_contents(sources: Mapping[str, Source], report: Report, cache: DiskCache | None = None) -> dict[str, Content]:
    """Decode files, each once: SHA-256 of a file -> its content. What is in `cache` is not decoded again.

    Raises:
        DataError: a file cannot be decoded; names the file and the fix.
    """

    def read(item: tuple[str, Source]) -> np.ndarray:
        (file_hash, source), make = item, partial(_encode, item[1])
        name = digest(["content", CONTENT_VERSION, file_hash, source.decoder])
        return make() if cache is None else np.array(cache.get(name, make))

    contents = {}
    with report.stage("read contents", len(sources)) as advance, ThreadPoolExecutor(_THREADS) as pool:
        for file_hash, row in zip(sources, pool.map(read, sources.items()), strict=True):
            contents[file_hash] = _decode(row)
            advance("")
    return contents


def content_keys(data: Data, contents: Mapping[str, Content]) -> dict[str, str]:
    """Case id -> key of its image's content."""
    return {case_id: contents[file_hash].key for case_id, file_hash in data.hashes.items()}


def image_key(pixels: np.ndarray) -> str:
    """SHA-256 (hex) of an image (H, W) or (H, W, 3); grey stored as three equal channels is grey."""
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., 0]
    return _hash("image", [pixels])


def volume_key(voxels: np.ndarray, affine: np.ndarray) -> str:
    """SHA-256 (hex) of a volume's voxels as stored and of where they lie, in ten-thousandths of a millimetre."""
    return _hash("volume", [voxels, np.rint(affine * 10**_AFFINE_DECIMALS)])


def make_thumbnail(pixels: np.ndarray) -> np.ndarray:
    """(64, 64) uint8 grey of an image (H, W, 3) or (H, W); all but 8-bit colours are scaled by their own range."""
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    if pixels.dtype != np.uint8 or pixels.ndim == 2:
        values = grey.astype(np.float32)
        low, high = float(values.min()), float(values.max())
        grey = (values - low) * (255 / max(high - low, 1e-6))
    small = cv2.resize(grey, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.rint(small).astype(np.uint8)


def _encode(source: Source) -> np.ndarray:
    """A content as bytes: 32 of the key, then those of the thumbnail."""
    shown = source.load() if source.load else None
    if isinstance(shown, Volume) or (shown is None and is_volume(source.path)):
        voxels, affine = (shown.array, shown.affine) if shown else _stored_volume(source.path)
        return np.frombuffer(bytes.fromhex(volume_key(voxels, affine)), np.uint8)
    pixels = read_stored(source.path) if shown is None else np.asarray(shown)
    key_bytes = np.frombuffer(bytes.fromhex(image_key(pixels)), np.uint8)
    return np.concatenate([key_bytes, make_thumbnail(pixels).ravel()])


def _stored_volume(path: Path) -> tuple[np.ndarray, np.ndarray]:
    return read_voxels(path), read_grid(path).affine


def _decode(row: np.ndarray) -> Content:
    pixels = row[_KEY_BYTES:].reshape(-1, THUMBNAIL_PX, THUMBNAIL_PX)
    return Content(row[:_KEY_BYTES].tobytes().hex(), pixels[0] if len(pixels) else None)


def _hash(kind: str, arrays: Iterable[np.ndarray]) -> str:
    total = hashlib.sha256(kind.encode())
    for array in map(_canonical, arrays):
        total.update(f" {array.shape} {array.dtype.str} ".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def _canonical(values: np.ndarray) -> np.ndarray:
    """The same values in the narrowest type of whole numbers that holds them, else as float64; little-endian."""
    if values.dtype.kind == "f":
        wide = values.astype(np.float64)
        if not (np.isfinite(wide).all() and (wide == np.rint(wide)).all() and np.abs(wide).max(initial=0) < 2**53):
            return wide.astype("<f8") + 0.0  # no negative zero
        values = wide.astype(np.int64)
    if values.size == 0 or values.dtype.kind == "b":
        return values.astype(np.uint8)
    narrow = np.result_type(np.min_scalar_type(values.min()), np.min_scalar_type(values.max()))
    return values.astype(narrow.newbyteorder("<"))


def _is_image(path: Path) -> bool:
    return Image.registered_extensions().get(path.suffix.lower(), "HDF5") not in _CONTAINERS or is_dicom(path)
