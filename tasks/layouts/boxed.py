"""What the layouts of boxes share: images of the boxes' size, remarks, and phantoms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import Unusable, require_memory, require_regular, text_of
from bench.core.task import Box, Case
from bench.data.decoding.images import read_image
from tasks.layouts.fields import IMAGE_SUFFIXES
from tasks.phantoms.shapes import N_EACH, draw_objects
from tasks.readers.folders import files_below

_MOST_BYTES = 2**24
"""Of one file of one image's boxes, or of names."""


@dataclass(frozen=True)
class BoxedImages:
    """Base of readers whose cases have a `BoxTarget`."""

    labels: tuple[str, ...]
    """Names of the objects, as `DataSet.classes`."""

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W). Raises `DataError` where it cannot be decoded or is not of the boxes' size."""
        image = read_image(case.image)
        wanted = (case.target.width, case.target.height)
        if image.size != wanted:
            raise DataError(
                f"{one_line(case.image)}: this image has {image.width} x {image.height} pixels, and its boxes are for "
                f"{wanted[0]} x {wanted[1]}.\nGive the boxes' file the size of this image; resized images need resized "
                "boxes."
            )
        return image

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """How many boxes reached over the edge of their image, which labels no box has, how many images have none."""
        clipped = [(case.target.n_clipped, case.id) for case in cases if case.target.n_clipped]
        seen = {box.label for case in cases for box in case.target.boxes}
        absent = [name for index, name in enumerate(self.labels) if index not in seen]
        bare = [case.id for case in cases if not case.target.boxes]
        found = []
        if clipped:
            total = sum(number for number, _ in clipped)
            found.append(
                f"boxes that reach over the edge of their image and were cut at it: {total}, first in {clipped[0][1]}."
            )
        if absent:
            found.append(f"no box has the label {', '.join(absent)}.")
        if bare:
            found.append(f"{len(bare)} of {len(cases)} images have no box, as {bare[0]}: nothing is to be found there.")
        return tuple(found)


def small_text(path: Path) -> str:
    """Text of a file that no person writes by hand. Raises `Unusable` for a file that is larger than such."""
    if require_regular(path) > _MOST_BYTES:
        raise Unusable(f"it has more than {_MOST_BYTES // 2**20} MiB")
    require_memory(8.0 * _MOST_BYTES)
    return text_of(path)


def images_below(folder: Path) -> dict[str, Path]:
    """Path below a folder without suffix -> image. Raises `DataError` where two differ in their suffix alone."""
    found: dict[str, Path] = {}
    for name in files_below(folder):
        path = folder / name
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        stem = name.removesuffix(path.suffix)
        if stem in found:
            raise DataError(
                f"{one_line(path)}: the image {one_line(stem)!r} occurs twice; the other file is "
                f"{one_line(found[stem].name)}.\nRemove one of the two."
            )
        found[stem] = path
    return found


def drawn_boxes(n_classes: int, seed: int, stream: int) -> Iterator[tuple[str, str, np.ndarray, list[Box]]]:
    """Synthetic images: name, split (`train`, `test`), pixels (H, W, 3), and boxes in pixels."""
    for i in range(2 * N_EACH):
        pixels, objects = draw_objects(np.random.default_rng([seed, stream, i]), n_classes)
        yield f"case{i:03d}", "test" if i % 4 == 3 else "train", pixels, [Box(label, *box) for label, box in objects]
