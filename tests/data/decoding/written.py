"""Image files that Pillow cannot write: PNG and TIFF of 16 bits a channel, with any tags."""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

ORIENTATION = 0x0112
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: np.rot90(a, 2),
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}
"""EXIF orientation -> what is stored of an upright image, as the standard of EXIF has it."""


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def write_png16(path: Path, array: np.ndarray, extra: bytes = b"") -> Path:
    """(H, W) grey, (H, W, 2) with alpha, (H, W, 3) RGB or (H, W, 4) with alpha; `extra` chunks follow the pixels."""
    array = array.reshape(*array.shape[:2], -1)
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[array.shape[2]]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + extra + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def write_tiff(path: Path, array: np.ndarray, photometric: int | None = None, **tags: int) -> Path:
    """(H, W) or (H, W, C) of any number type, uncompressed; `tags` are `t274=6` and so on."""
    array = np.ascontiguousarray(array.reshape(*array.shape[:2], -1))
    height, width, channels = array.shape
    content = array.astype(array.dtype.newbyteorder("<")).tobytes()
    form = {"u": 1, "i": 2, "f": 3}[array.dtype.kind]
    found = {256: width, 257: height, 259: 1, 262: (1 if channels < 3 else 2) if photometric is None else photometric}
    found |= {277: channels, 278: height, 279: len(content), 284: 1, 339: form}
    found |= {int(name[1:]): value for name, value in tags.items()}
    bits = struct.pack(f"<{channels}H", *[8 * array.dtype.itemsize] * channels)
    n_tags = len(found) + 2
    place = 8 + 2 + 12 * n_tags + 4
    rows = [(tag, 4, 1, struct.pack("<I", value)) for tag, value in found.items()]
    rows.append((258, 3, channels, bits.ljust(4, b"\0") if channels < 3 else struct.pack("<I", place)))
    rows.append((273, 4, 1, struct.pack("<I", place + len(bits))))
    entries = b"".join(struct.pack("<HHI", *row[:3]) + row[3] for row in sorted(rows))
    header = struct.pack("<2sHIH", b"II", 42, 8, n_tags)
    path.write_bytes(header + entries + struct.pack("<I", 0) + bits + content)
    return path
