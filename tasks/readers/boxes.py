"""Images with boxes: what every reader of such data sets checks, and how it says so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.core.errors import DataError
from bench.core.task import Box, BoxTarget, Case
from bench.data.decoding.images import read_image
from tasks.readers.folders import names_found, visible

SUFFIXES = (".jpg", ".jpeg", ".png")
"""Lower-case suffixes of images; other files are ignored."""


@dataclass(frozen=True)
class BoxFolder:
    """Base of readers of one file of boxes beside a folder of images."""

    file: str
    """The file of boxes; `images` lies beside it."""
    images: str
    """Folder of the images."""
    labels: tuple[str, ...]
    """Names of the objects, as `DataSet.classes`."""
    optional_folder: str = ""
    """Folder around both, which the archive has and a copy may lack."""

    @property
    def layout(self) -> str:
        """The file of boxes and the images."""
        place = f"{{{self.optional_folder}/,}}" if self.optional_folder else ""
        return f"{place}{self.file}\n{place}{self.images}/{{case}}.{{jpg,jpeg,png}}"

    def matches(self, folder: Path) -> bool:
        """Whether the file of boxes and the folder of images stand where the layout wants them."""
        place = self._place(folder)
        return (place / self.file).is_file() and (place / self.images).is_dir()

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """How many boxes reached over the edge of their image and were cut at it."""
        found = [(case.target.n_clipped, case.id) for case in cases if case.target.n_clipped]
        total = sum(number for number, _ in found)
        if not found:
            return ()
        return (f"boxes that reach over the edge of their image and were cut at it: {total}, first in {found[0][1]}.",)

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W). Raises `DataError` where it cannot be decoded."""
        return read_image(case.image)

    def _place(self, folder: Path) -> Path:
        inner = folder / self.optional_folder
        return inner if self.optional_folder and inner.is_dir() else folder

    def _image_files(self, folder: Path) -> dict[str, Path]:
        """Image name without suffix -> file. Raises `DataError` for a missing folder and for a name with two files."""
        place = self._place(folder)
        for path in (place / self.file, place / self.images):
            if not path.exists():
                found = names_found(visible(place)) if place.is_dir() else "found: nothing"
                raise DataError(
                    f"{path}: this is missing.\nUnpack the owner's archive again; expected in {folder} ({found}):\n"
                    f"{self.layout}"
                )
        files: dict[str, Path] = {}
        for path in visible(place / self.images):
            if path.suffix.lower() not in SUFFIXES:
                continue
            if path.stem in files:
                raise DataError(
                    f"{path}: the image id {path.stem!r} occurs twice; the other file is {files[path.stem].name}.\n"
                    "Remove one of the two."
                )
            files[path.stem] = path
        return files


def check_pairs(file: Path, files: dict[str, Path], named: Iterable[str]) -> None:
    """Raise `DataError` where an image that `file` names is missing, or an image is not named in it."""
    names = set(named)
    missing, loose = sorted(names - files.keys()), sorted(files.keys() - names)
    if missing:
        raise DataError(
            f"{file}: names the image {missing[0]!r}, and there is no such file in the folder of images"
            f"{_more(missing)}.\nRestore the image from the owner's archive, or remove its boxes."
        )
    if loose:
        raise DataError(
            f"{files[loose[0]]}: this image is not named in {file.name}{_more(loose)}, so its boxes are unknown.\n"
            f"Restore {file.name} from the owner's archive, or remove this image."
        )


def clip_box(box: Box, width: int, height: int, place: str) -> tuple[Box, bool]:
    """The part of a box inside an image, and whether it reached outside it.

    Raises:
        DataError: the box is inverted or without area, or lies outside the image; the message begins with `place`,
            which names file and row.
    """
    corners = f"x {box.x_min:g} to {box.x_max:g}, y {box.y_min:g} to {box.y_max:g}"
    if not (box.x_min < box.x_max and box.y_min < box.y_max):  # also true of NaN
        raise DataError(f"{place}: this box is inverted or has no area: {corners}.\n{_FIX}")
    inside = Box(
        box.label, max(box.x_min, 0.0), max(box.y_min, 0.0), min(box.x_max, float(width)), min(box.y_max, float(height))
    )
    if not (inside.x_min < inside.x_max and inside.y_min < inside.y_max):
        raise DataError(f"{place}: this box lies outside its image of {width} x {height} pixels: {corners}.\n{_FIX}")
    return inside, inside != box


def make_target(boxes: Iterable[tuple[str, Box]], width: int, height: int) -> BoxTarget:
    """The target of an image of boxes, each with the place it stands at. Raises `DataError` as `clip_box` does."""
    clipped = [clip_box(box, width, height, place) for place, box in boxes]
    return BoxTarget(width, height, tuple(box for box, _ in clipped), sum(cut for _, cut in clipped))


def finite(what: str, value: float) -> float:
    """A value that is finite. Raises `DataError`, whose message begins with `what`: file, row and column."""
    if not math.isfinite(value):
        raise DataError(f"{what} must be a finite number; found {value}.\n{_RESTORE}")
    return value


def whole_number(what: str, value: float) -> int:
    """A value that is a whole number. Raises `DataError` as `finite` does."""
    if finite(what, value) != int(value):
        raise DataError(f"{what} must be a whole number; found {value}.\n{_RESTORE}")
    return int(value)


def n_pixels(what: str, value: float) -> int:
    """A width or height: a whole number above 0. Raises `DataError` as `finite` does."""
    if whole_number(what, value) < 1:
        raise DataError(f"{what} must be above 0; found {value:g}.\n{_RESTORE}")
    return int(value)


def _more(names: list[str]) -> str:
    return f" ({len(names) - 1} more like it: {', '.join(names[1:4])})" if len(names) > 1 else ""


_FIX = "Restore this file from the owner's archive, or correct or remove the box."
_RESTORE = "Restore this file from the owner's archive."
