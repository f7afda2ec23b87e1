"""Images and masks written in other forms: those that show the same are read as the same, the others are refused.

One case of every data set of the registry; each of its files that is an image is written in every form, under its own
name. Whatever a run reads must be the undisturbed values, or `verify` must name the file as the run does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.core.console import Report
from bench.core.errors import BenchError
from bench.core.task import Case, DataSet
from bench.data.contract.loads import loaders
from bench.data.decoding.images import read_image
from bench.data.decoding.labels import read_label_values
from bench.data.root import folder_name
from bench.data.verify import verify
from tests.data.decoding.written import STORED, exif_of, write_png16, write_tiff
from tests.faults.inputs import changed
from tests.faults.outcomes import CLEAR, RIGHT, WRONG, Tally, judge

VOLUMES = ("brats", "mmwhs_ct", "mmwhs_mri", "prostate")
"""Data sets without image files."""
Write = Callable[[Path, np.ndarray], object]
"""Writes RGB pixels (H, W, 3), or a mask (H, W) of 0 and 255, into a file."""


def _save(path: Path, pixels: np.ndarray, form: str = "PNG", mode: str | None = None, **options: Any) -> None:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    (image.convert(mode) if mode else image).save(path, form, **options)


def _turned(orientation: int, form: str, path: Path, pixels: np.ndarray) -> None:
    _save(path, STORED[orientation](pixels), form, exif=exif_of(orientation))


def _palette(path: Path, mask: np.ndarray, colours: list[int]) -> None:
    image = Image.fromarray((mask > 0).astype(np.uint8), "L").convert("P")
    image.putpalette(colours + [0] * (768 - len(colours)))
    image.save(path, "PNG")


def _frames(form: str, path: Path, pixels: np.ndarray) -> None:
    second = Image.fromarray(np.ascontiguousarray(255 - pixels))
    _save(path, pixels, form, save_all=True, append_images=[second])


def _painted(colour: int, path: Path, mask: np.ndarray) -> None:
    _save(path, np.dstack([np.full_like(mask, colour)] * 3 + [mask]))


def _noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape[:2], dtype=np.uint8)


def _not_finite(path: Path, pixels: np.ndarray) -> None:
    values = pixels.reshape(*pixels.shape[:2], -1)[..., 0].astype(np.float32)
    values[0, 0] = np.nan
    write_tiff(path, values)


_TURNED: Mapping[str, Write] = {
    f"{form} turned by {n}": partial(_turned, n, form) for n in range(1, 9) for form in ("PNG", "TIFF")
}
SAME_IMAGE: Mapping[str, Write] = _TURNED | {
    "opaque": lambda p, a: _save(p, np.dstack([a, np.full(a.shape[:2], 255, np.uint8)])),
    "lossless WebP": lambda p, a: _save(p, a, "WEBP", lossless=True),
    "compressed TIFF": lambda p, a: _save(p, a, "TIFF", compression="tiff_lzw"),
}
SAME_MASK: Mapping[str, Write] = _TURNED | {
    "palette": lambda p, m: _palette(p, m, [0, 0, 0, 255, 255, 255]),
    "dark palette": lambda p, m: _palette(p, m, [0, 0, 0, 0, 0, 3]),
    "inverted palette": lambda p, m: _palette(p, m, [255, 255, 255, 0, 0, 0]),
    "white paint": partial(_painted, 255),
    "black paint": partial(_painted, 0),
    "opaque": lambda p, m: _save(p, np.dstack([m, np.full_like(m, 255)])),
    "red": lambda p, m: _save(p, np.dstack([m, 0 * m, 0 * m])),
    "nearly black": lambda p, m: _save(p, np.dstack([0 * m, 0 * m, m // 85])),
    "one bit": lambda p, m: _save(p, m, "TIFF", mode="1"),
    "16 bits": lambda p, m: _save(p, m.astype(np.uint16) * 257),
    "16 bits, the value 1": lambda p, m: write_png16(p, np.dstack([(m > 0).astype(np.uint16)] * 3)),
    "inks": lambda p, m: _save(p, np.dstack([m] * 3), "TIFF", mode="CMYK"),
    "float": lambda p, m: write_tiff(p, (m / 255).astype(np.float32)),
}
REFUSED: Mapping[str, Write] = {
    **{f"two frames: {form}": partial(_frames, form) for form in ("GIF", "PNG", "WEBP", "TIFF")},
    "not finite": _not_finite,
}
REFUSED_IMAGE: Mapping[str, Write] = REFUSED | {
    "picture in alpha": lambda p, a: _save(p, np.dstack([np.full_like(a, 9), _noise(a.shape)])),
}
REFUSED_MASK: Mapping[str, Write] = REFUSED | {
    "colours against alpha": lambda p, m: _save(p, np.dstack([m, _noise(m.shape)])),
}


def try_pixels(data_set: DataSet, root: Path, tally: Tally, only: slice = slice(None)) -> None:
    """All forms, or some, of the image files of one case under a data root that may be changed."""
    case = data_set.reader.read(root / folder_name(data_set))[1]
    before = _loaded(data_set, case)
    for what, path, write, refused in list(_trials(case))[only]:
        pixels = _pixels(path, is_mask=path != case.image)
        with changed(path, _bind(write, pixels)):
            name = f"{data_set.name}, {path.name}, {what}"
            run, found = judge(lambda: _loaded(data_set, case), partial(_equal, before))
            expected = run == CLEAR if refused else run == RIGHT
            tally.add(run if expected or run not in (CLEAR, RIGHT) else WRONG, f"{name}: {found}")
            said = verify(data_set, root, Report(quiet=True)).problems
            agrees = any(text.startswith(f"{path}: ") for text in said) == (run == CLEAR)
            tally.add((CLEAR if said else RIGHT) if agrees else WRONG, f"{name}, verify: {said}")


def _trials(case: Case) -> Iterator[tuple[str, Path, Any, bool]]:
    for path in dict.fromkeys((case.image, *case.labels)):
        try:
            read_image(path)
        except BenchError:  # a film without a header, or a volume
            continue
        is_mask = path != case.image
        for name, write in (SAME_MASK if is_mask else SAME_IMAGE).items():
            yield name, path, write, False
        for name, write in (REFUSED_MASK if is_mask else REFUSED_IMAGE).items():
            yield name, path, write, True


def _bind(write: Write, pixels: np.ndarray) -> Callable[[Path], object]:
    return lambda path: write(path, pixels)


def _pixels(path: Path, *, is_mask: bool) -> np.ndarray:
    if not is_mask:
        return np.asarray(read_image(path))
    values = read_label_values(path)
    return np.where(values > values.max() / 2, 255, 0).astype(np.uint8)


def _loaded(data_set: DataSet, case: Case) -> list[np.ndarray]:
    return [np.asarray(load(case)) for load in loaders(data_set.reader).values()]


def _equal(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
