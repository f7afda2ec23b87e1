"""Boxes in one JSON file: image name -> height, width and a list of labelled boxes (Kvasir-SEG)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image

from bench.core.errors import DataError
from bench.core.reading import json_of, reading, text_of
from bench.core.task import Box, Case
from tasks.readers.boxes import BoxFolder, check_pairs, finite, make_target, n_pixels

Entry = dict[str, Any]


@dataclass(frozen=True)
class BoxJson(BoxFolder):
    """Reader of `{"NAME": {"height": H, "width": W, "bbox": [{"label", "xmin", "ymin", "xmax", "ymax"}]}}`.

    Boxes are in pixels of the image file. An empty list of boxes is an image without objects.
    """

    version: ClassVar[int] = 1

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id.

        Raises:
            DataError: the file or an image is missing, an image occurs twice or has no entry, an entry is not of the
                form above, a value is no finite number or, for sizes, not a whole one above 0, its label is unknown,
                or its box is inverted, without area or outside the image.
        """
        files = self._image_files(folder)
        path = self._place(folder) / self.file
        entries = _load(path)
        check_pairs(path, files, entries)
        cases = []
        for name, entry in entries.items():
            width, height = (
                n_pixels(_place(path, name, key), _number(path, name, entry, key)) for key in ("width", "height")
            )
            target = make_target(self._boxes(path, name, entry), width, height)
            cases.append(Case(files[name].relative_to(folder).as_posix(), files[name], target, None))
        return sorted(cases, key=lambda case: case.id)

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W). Raises `DataError` where it cannot be decoded or is not of the boxes' size."""
        image = super().load_image(case)
        wanted = (case.target.width, case.target.height)
        if image.size != wanted:
            raise DataError(
                f"{case.image}: this image has {image.width} x {image.height} pixels, and its boxes in {self.file} are "
                f"for {wanted[0]} x {wanted[1]}.\nRestore both from the owner's archive; resized images need resized "
                "boxes."
            )
        return image

    def _boxes(self, path: Path, name: str, entry: Entry) -> Iterator[tuple[str, Box]]:
        boxes = entry.get("bbox")
        if not isinstance(boxes, list):
            raise DataError(f"{path}, image {name!r}: `bbox` must be a list of boxes; found {boxes!r}.\n{_FIX}")
        for number, box in enumerate(boxes, start=1):
            place = f"{path}, image {name!r}, box {number}"
            label = box.get("label") if isinstance(box, dict) else None
            if label not in self.labels:
                raise DataError(f"{place}: unknown label {label!r}; known: {', '.join(self.labels)}.\n{_FIX}")
            corners = [_number(path, f"{name}, box {number}", box, key) for key in ("xmin", "ymin", "xmax", "ymax")]
            yield place, Box(self.labels.index(label), *corners)


_FIX = "Restore this file from the owner's archive."


def _load(path: Path) -> dict[str, Entry]:
    """The file's entries. Raises `DataError` where it is no JSON of this form or names an image twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                raise DataError(f"{path}: {key!r} occurs twice; an image id must be unique.\n{_FIX}")
            seen[key] = value
        return seen

    with reading(path, _FIX, what="cannot be read as JSON"):
        entries = json_of(text_of(path), unique)
    if not isinstance(entries, dict) or not entries or not all(isinstance(e, dict) for e in entries.values()):
        raise DataError(f"{path}: expected one object per image name, with height, width and bbox.\n{_FIX}")
    return entries


def _number(path: Path, name: str, entry: Entry, key: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{_place(path, name, key)} must be a number; found {value!r}.\n{_FIX}")
    try:
        return finite(_place(path, name, key), float(value))
    except OverflowError:  # JSON's whole numbers have no limit
        return finite(_place(path, name, key), float("inf"))


def _place(path: Path, name: str, key: str) -> str:
    return f"{path}, image {name!r}: `{key}`"
