"""COCO: one JSON file of images, categories and annotations, for boxes or for masks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from pydantic import Field

from bench.core.digest import digest
from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.task import Case
from bench.data.decoding.images import read_image, read_size
from tasks.layouts.boxed import BoxedImages, drawn_boxes
from tasks.layouts.coco_json import FIX, Entry, Files, box_of, by_image, categories, entries, id_of, load, size_of, text
from tasks.layouts.fields import class_index, inside, require_cases
from tasks.phantoms.drawing import save_image
from tasks.readers.boxes import make_target
from tasks.readers.outlines import draw_outline, read_outline


class Coco(Layout):
    """COCO's JSON: boxes for detection, polygons and run lengths for segmentation."""

    kinds: ClassVar[tuple[str, ...]] = ("detection", "segmentation_2d")
    example: ClassVar[str] = 'type = "coco"\nannotations = "annotations/{split}.json"\nimages = "{split}"'

    annotations: str = Field("annotations.json", description="The JSON file; with {split} one for each split.")
    images: str = Field("images", description="Folder that `file_name` is relative to; {split} as in `annotations`.")
    crowd: bool = Field(False, description="Whether annotations of whole crowds (iscrowd = 1) are used.")

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """Names of the categories, by their number."""
        found: dict[int, str] = {}
        for path, _, _ in Files(self.annotations, self.images).found(folder):
            found |= categories(path, load(path))
        return tuple(dict.fromkeys(found[number] for number in sorted(found)))

    def reader(self, kind: str, classes: tuple[str, ...]) -> CocoBoxes | CocoMasks:
        """Reads the images with their boxes or masks."""
        files = Files(self.annotations, self.images)
        if kind == "detection":
            return CocoBoxes(files=files, crowd=self.crowd, labels=classes)
        return CocoMasks(files=files, crowd=self.crowd, structures=classes)

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write 24 images of 64 x 64 pixels with outlines that are boxes. Raises `DataError` for sites."""
        if sites:
            super().write_phantom(folder, kind, classes, seed, sites)
        files: dict[str, dict[str, list[Any]]] = {}
        for number, (name, split, pixels, boxes) in enumerate(drawn_boxes(len(classes), seed, 55)):
            save_image(pixels, folder / self.images.format(split=split) / f"{name}.png")
            place = files.setdefault(self.annotations.format(split=split), {"images": [], "annotations": []})
            height, width = pixels.shape[:2]
            place["images"].append({"id": number, "file_name": f"{name}.png", "width": width, "height": height})
            for label, x, y, x_max, y_max in boxes:
                corners = {
                    "bbox": [x, y, x_max - x, y_max - y],
                    "segmentation": [[x, y, x_max, y, x_max, y_max, x, y_max]],
                }
                place["annotations"].append({"image_id": number, "category_id": label + 1, "iscrowd": 0, **corners})
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            content["categories"] = [{"id": index, "name": each} for index, each in enumerate(classes, start=1)]
            (folder / name).write_text(json.dumps(content), encoding="utf-8")


@dataclass(frozen=True)
class _Coco:
    """What readers of both kinds share: the images of all files, each with its annotations."""

    files: Files
    crowd: bool

    @property
    def layout(self) -> str:
        """The JSON file and the images."""
        return f"{self.files.annotations}\n{self.files.images}/<file_name of each image>"

    def matches(self, folder: Path) -> bool:
        """Whether a JSON file is there."""
        try:
            return bool(self.files.found(folder))
        except DataError:
            return False

    def _images(self, folder: Path) -> Iterator[tuple[Case, tuple[int, int], list[tuple[str, str, Entry]]]]:
        """Case without a target, its size (width, height), and its annotations: place, name of the class, entry."""
        for path, images, split in self.files.found(folder):
            content = load(path)
            names, of_image = categories(path, content), by_image(path, content)
            for number, image in enumerate(entries(path, content, "images"), start=1):
                place = f"{one_line(path)}, image {number}"
                file = inside(images, text(place, image, "file_name"), place)
                size = size_of(place, image, file)
                case = Case(file.relative_to(folder).as_posix(), file, None, split)
                yield case, size, list(self._annotations(path, names, of_image.pop(id_of(image.get("id")), [])))
            if of_image:
                number, _ = next(iter(of_image.values()))[0]
                raise DataError(f"{one_line(path)}, annotation {number}: its image_id is that of no image.\n{FIX}")

    def _annotations(
        self, path: Path, names: Mapping[int, str], found: list[tuple[int, Entry]]
    ) -> Iterator[tuple[str, str, Entry]]:
        for number, entry in found:
            place = f"{one_line(path)}, annotation {number}"
            if entry.get("iscrowd") and not self.crowd:
                continue
            if id_of(entry.get("category_id")) not in names:
                raise DataError(f"{place}: category_id {entry.get('category_id')!r} is that of no category.\n{FIX}")
            yield place, names[id_of(entry["category_id"])], entry


@dataclass(frozen=True)
class CocoBoxes(BoxedImages, _Coco):
    """Reader of images with boxes in one JSON file."""

    version: ClassVar[int] = 1

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id.

        Raises:
            DataError: a file is no JSON of this form, names an image that is not there or a category that is no class,
                or has a box that is none; the message names the file and the annotation.
        """
        cases = []
        for case, (width, height), found in self._images(folder):
            boxes = [
                (place, box_of(place, class_index(name, self.labels, place), entry)) for place, name, entry in found
            ]
            cases.append(replace(case, target=make_target(boxes, width, height)))
        return require_cases(cases, folder, (), self.layout)


@dataclass(frozen=True)
class CocoMasks(_Coco):
    """Reader of images with outlines in one JSON file; outlines of one class are united."""

    version: ClassVar[int] = 1

    structures: tuple[str, ...]
    """As `DataSet.classes`."""

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id; their targets are outlines. Raises `DataError` as `CocoBoxes.read` does.

        Their content keys tell images of equal bytes and other outlines from each other.
        """
        cases = []
        files = tuple(path for path, _, _ in self.files.found(folder))
        for case, size, found in self._images(folder):
            outlines = tuple(
                read_outline(entry.get("segmentation"), class_index(name, self.structures, place), *size, place)
                for place, name, entry in found
            )
            cases.append(replace(case, target=outlines, labels=files, content=digest([repr(outlines)])))
        return require_cases(cases, folder, (), self.layout)

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Which classes have no outline."""
        seen = {outline.label for case in cases for outline in case.target}
        absent = [name for index, name in enumerate(self.structures) if index not in seen]
        return (f"no outline is of {', '.join(absent)}: nothing is learned or scored for them.",) if absent else ()

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W). Raises `DataError` where it cannot be decoded."""
        return read_image(case.image)

    def load_masks(self, case: Case) -> np.ndarray:
        """(C, H, W) bool, one channel for each class. Raises `DataError` where the image is unreadable."""
        height, width = read_size(case.image)
        masks = np.zeros((len(self.structures), height, width), dtype=bool)
        for outline in case.target:
            masks[outline.label] |= draw_outline(outline, width, height)
        return masks

    def load_region(self, case: Case) -> np.ndarray | None:
        """None: all pixels count."""
        return None
