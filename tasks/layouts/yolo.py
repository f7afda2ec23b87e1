"""YOLO: one text file of boxes for each image, relative to the image's size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from pydantic import Field

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.reading import Unusable, reading
from bench.core.task import Box, Case, OwnerSplit
from bench.data.decoding.images import read_size
from tasks.layouts.boxed import BoxedImages, drawn_boxes, images_below, small_text
from tasks.layouts.fields import require_cases, side_of
from tasks.phantoms.drawing import save_image
from tasks.readers.boxes import finite, make_target, whole_number
from tasks.readers.folders import files_below

_FIX = "Correct this file, or restore it from the owner's archive."
_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names")
_ROUNDING = 1e-3
"""Largest excess over 0 and 1, as a share of the image's side, that is taken for a rounding."""


class Yolo(Layout):
    """YOLO text files: `class x_centre y_centre width height` a line, in shares of the image; folders may be splits."""

    kinds: ClassVar[tuple[str, ...]] = ("detection",)
    example: ClassVar[str] = 'type = "yolo"\nimages = "images"\nlabels = "labels"\nnames = "data.yaml"'

    images: str = Field(
        "images",
        description="Folder of the images, with folders train, val and test in it or without; or {split}/images.",
    )
    labels: str = Field("labels", description="Folder of the text files, which lie in it as the images do in theirs.")
    names: str = Field("", description=f"File of the classes, YAML or one name a line; default: {', '.join(_NAMES)}.")

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """The names in the file of classes, by their number; none without such a file."""
        for name in (self.names,) if self.names else _NAMES:
            path = folder / name
            if path.is_file():
                return _names(path)
        if self.names:
            raise DataError(f"{one_line(folder / self.names)}: there is no such file.\nCorrect `names` of [layout].")
        return ()

    def reader(self, kind: str, classes: tuple[str, ...]) -> YoloBoxes:
        """Reads the images with their boxes."""
        return YoloBoxes(classes, self.images, self.labels)

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write 24 images of 64 x 64 pixels in folders of a split, and their boxes. Raises `DataError` for sites."""
        if sites:
            super().write_phantom(folder, kind, classes, seed, sites)
        for name, split, pixels, boxes in drawn_boxes(len(classes), seed, 54):
            places = [
                text.format(split=split) if "{split}" in text else f"{text}/{split}"
                for text in (self.images, self.labels)
            ]
            save_image(pixels, folder / places[0] / f"{name}.jpg")
            height, width = pixels.shape[:2]
            lines = []
            for box in boxes:
                centre = (box.x_min + box.x_max) / 2 / width, (box.y_min + box.y_max) / 2 / height
                size = (box.x_max - box.x_min) / width, (box.y_max - box.y_min) / height
                lines.append(" ".join([str(box.label), *(f"{value:.6f}" for value in (*centre, *size))]))
            (folder / places[1]).mkdir(parents=True, exist_ok=True)
            (folder / places[1] / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        text = "names:\n" + "".join(f"  {index}: {name!r}\n" for index, name in enumerate(classes))
        (folder / (self.names or _NAMES[0])).write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class YoloBoxes(BoxedImages):
    """Reader of images with a text file of boxes each; an image without such a file has no objects."""

    version: ClassVar[int] = 1

    images: str
    texts: str

    @property
    def layout(self) -> str:
        """The files, one form a line."""
        return f"{self.images}/**/{{case}}.{{jpg,png,...}}\n{self.texts}/**/{{case}}.txt"

    def matches(self, folder: Path) -> bool:
        """Whether the folder of images is there."""
        return any(place.is_dir() for place, _, _ in self._places(folder))

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id (the image's path relative to the folder).

        Raises:
            DataError: a folder is missing, a text file has no image, or a line is no box inside its image of a known
                class; the message names file and line.
        """
        cases = []
        for images, texts, split in self._places(folder):
            if not images.is_dir():
                raise DataError(
                    f"{one_line(images)}: this folder is missing.\nCorrect `images` of [layout], or `folder` of the "
                    "data set's file."
                )
            found = images_below(images)
            files = {
                name[:-4]: texts / name for name in (files_below(texts) if texts.is_dir() else ()) if _is_text(name)
            }
            loose = sorted(files.keys() - found.keys())
            if loose:
                raise DataError(
                    f"{one_line(files[loose[0]])}: it has no image.\nRestore the image, or remove this file."
                )
            if not files:
                raise DataError(f"{one_line(texts)}: no file of boxes in this folder.\nCorrect `labels` of [layout].")
            for name, path in found.items():
                side = split or side_of(PurePosixPath(name).parts[0] if "/" in name else "")
                cases.append(self._case(folder, path, files.get(name), side))
        return require_cases(cases, folder, (), self.layout)

    def _places(self, folder: Path) -> list[tuple[Path, Path, OwnerSplit | None]]:
        """Folder of images, folder of texts, split: one, or one for each folder at {split}."""
        if "{split}" not in self.images:
            return [(folder / self.images, folder / self.texts, None)]
        outer = folder / self.images.partition("{split}")[0]
        names = (
            [path.name for path in sorted(outer.iterdir()) if path.is_dir() and side_of(path.name)]
            if outer.is_dir()
            else []
        )
        return [
            (folder / self.images.replace("{split}", name), folder / self.texts.replace("{split}", name), side_of(name))
            for name in names
        ]

    def _case(self, folder: Path, image: Path, path: Path | None, split: OwnerSplit | None) -> Case:
        height, width = read_size(image)
        boxes = list(self._boxes(path, width, height)) if path else []
        name = image.relative_to(folder).as_posix()
        return Case(name, image, make_target(boxes, width, height), split)

    def _boxes(self, path: Path, width: int, height: int) -> Iterator[tuple[str, Box]]:
        with reading(path, _FIX, what="is no YOLO file"):
            lines = small_text(path).splitlines()
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            place = f"{one_line(path)}, line {number}"
            values = _values(place, line)
            label = whole_number(f"{place}: class", values[0])
            if not 0 <= label < len(self.labels):
                raise DataError(
                    f"{place}: class {label} is none of the {len(self.labels)} classes ({', '.join(self.labels)}).\n"
                    "Correct it, or add the class to `classes` of the data set's file."
                )
            x_min, y_min, x_max, y_max = _corners(place, values[1:])
            yield place, Box(label, *_snapped(x_min, x_max, width, y_min, y_max, height))


def _is_text(name: str) -> bool:
    return name.lower().endswith(".txt") and name.rpartition("/")[2].lower() != "classes.txt"


def _values(place: str, line: str) -> list[float]:
    try:
        values = [finite(f"{place}: a value", float(text)) for text in line.split()]
    except ValueError:
        values = []
    if len(values) != 5 and not (len(values) >= 7 and len(values) % 2):
        raise DataError(
            f"{place}: {one_line(line)[:80]!r} is no box; expected five numbers, class x_centre y_centre width height, "
            f"or a class and the corners of an outline.\n{_FIX}"
        )
    return values


def _corners(place: str, values: list[float]) -> tuple[float, float, float, float]:
    """x_min, y_min, x_max, y_max, in shares of the image, of a box or of an outline."""
    if min(values) < -_ROUNDING or max(values) > 1 + _ROUNDING:
        wrong = next(value for value in values if not -_ROUNDING <= value <= 1 + _ROUNDING)
        raise DataError(
            f"{place}: {wrong:g} is no share of the image's side, from 0 to 1.\nDivide x and width by the image's "
            "width, y and height by its height."
        )
    if len(values) > 4:
        return min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
    x, y, w, h = values
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def _snapped(x_min: float, x_max: float, width: int, y_min: float, y_max: float, height: int) -> list[float]:
    """Corners in pixels; one that rounding alone has put outside lies on the edge."""
    found = []
    for value, side in ((x_min, width), (y_min, height), (x_max, width), (y_max, height)):
        near = min(max(value, 0.0), 1.0)
        found.append((near if abs(near - value) <= _ROUNDING / 2 else value) * side)
    return found


def _names(path: Path) -> tuple[str, ...]:
    """Names of classes of a YAML file (a list, or a table of number and name), or of a text file, one a line."""
    with reading(path, _FIX, what="is no file of classes"):
        text = small_text(path)
        if path.suffix.lower() not in (".yaml", ".yml"):
            return tuple(line.strip() for line in text.splitlines() if line.strip())
        import yaml

        content = yaml.safe_load(text)
        names: Any = content.get("names") if isinstance(content, Mapping) else None
        if isinstance(names, Mapping) and sorted(map(str, names)) == sorted(map(str, range(len(names)))):
            by_number = {int(number): name for number, name in names.items()}
            names = [by_number[number] for number in range(len(names))]
        if not isinstance(names, list) or not names or not all(isinstance(name, str | int) for name in names):
            raise Unusable("expected `names`, a list of the classes or a table of their numbers from 0")
        return tuple(map(str, names))
