"""COCO's JSON: its files, images, categories and annotations, each checked where it is read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import json_of, reading, text_of
from bench.core.task import Box, OwnerSplit
from bench.data.decoding.images import read_size
from tasks.layouts.fields import side_of
from tasks.readers.boxes import finite, n_pixels
from tasks.readers.folders import files_below
from tasks.readers.templates import template

FIX = "Correct this file, or restore it from the owner's archive."
Entry = Mapping[str, Any]


class Files(NamedTuple):
    """Where the JSON files are, and their images; {split} stands for the split."""

    annotations: str
    images: str

    def found(self, folder: Path) -> list[tuple[Path, Path, OwnerSplit | None]]:
        """File, folder of its images, split. Raises `DataError` where there is no such file."""
        form = template(self.annotations)
        names = [(name, form.fields(name)) for name in files_below(folder)] if folder.is_dir() else []
        found = []
        for name, fields in names:
            split = (fields or {}).get("split", "")
            if fields is not None and ("split" not in fields or side_of(split)):
                found.append((folder / name, folder / self.images.replace("{split}", split), side_of(split)))
        if not found:
            shown = ", ".join(name for name, _ in names if name.endswith(".json"))[:200] or "none"
            raise DataError(
                f"{one_line(folder)}: no file of the form {self.annotations} (JSON files: {one_line(shown)}).\n"
                "Correct `annotations` of [layout], or `folder` of the data set's file."
            )
        return found


def load(path: Path) -> Entry:
    """The object that a file holds. Raises `DataError` where it is no JSON, or no object."""
    with reading(path, FIX, what="cannot be read as JSON"):
        content = json_of(text_of(path))
    if not isinstance(content, dict):
        raise DataError(f"{one_line(path)}: expected an object with images, annotations and categories.\n{FIX}")
    return content


def entries(path: Path, content: Entry, key: str) -> list[Entry]:
    """The list of objects at a key. Raises `DataError` where it is none."""
    found = content.get(key)
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise DataError(f"{one_line(path)}: `{key}` must be a list of objects.\n{FIX}")
    return found


def categories(path: Path, content: Entry) -> dict[int, str]:
    """Number of each category -> its name."""
    found: dict[int, str] = {}
    for number, entry in enumerate(entries(path, content, "categories"), start=1):
        place = f"{one_line(path)}, category {number}"
        key = id_of(entry.get("id"))
        if key in found or not isinstance(key, int):
            raise DataError(f"{place}: its id {entry.get('id')!r} is no whole number, or is there twice.\n{FIX}")
        found[key] = text(place, entry, "name")
    return found


def by_image(path: Path, content: Entry) -> dict[Any, list[tuple[int, Entry]]]:
    """Id of an image -> the number of each of its annotations in the file, and the annotation."""
    ids = Counter(id_of(image.get("id")) for image in entries(path, content, "images"))
    for key, n in ids.items():
        if n > 1 or key is None:
            raise DataError(f"{one_line(path)}: {n} images have the id {key!r}; an id must be unique.\n{FIX}")
    found: dict[Any, list[tuple[int, Entry]]] = {}
    for number, entry in enumerate(entries(path, content, "annotations"), start=1):
        found.setdefault(id_of(entry.get("image_id")), []).append((number, entry))
    return found


def id_of(value: Any) -> Any:
    """An id as it is compared: a whole number or a text; None for anything else."""
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def text(place: str, entry: Entry, key: str) -> str:
    """The text at a key. Raises `DataError`, which begins with `place`, where it is none."""
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{place}: `{key}` must be a text; found {one_line(repr(value))[:60]}.\n{FIX}")
    return value


def size_of(place: str, entry: Entry, file: Path) -> tuple[int, int]:
    """Width and height of the image, which must be what the entry says where it says any."""
    height, width = read_size(file)
    for key, own in (("width", width), ("height", height)):
        if key not in entry:
            continue
        if n_pixels(f"{place}: `{key}`", _number(place, entry[key], key)) != own:
            raise DataError(
                f"{place}: {key} {entry[key]} is said, and {one_line(file)} has {own}.\nRestore the image that was "
                "annotated; resized images need resized annotations."
            )
    return width, height


def box_of(place: str, label: int, entry: Entry) -> Box:
    """The box of an annotation, `[x, y, width, height]` from the upper left corner. Raises `DataError`."""
    values = entry.get("bbox")
    if not isinstance(values, list) or len(values) != 4:
        raise DataError(f"{place}: `bbox` must be [x, y, width, height]; found {one_line(repr(values))[:60]}.\n{FIX}")
    x, y, width, height = (_number(place, value, "bbox") for value in values)
    return Box(label, x, y, x + width, y + height)


def _number(place: str, value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{place}: `{key}` must be a number; found {one_line(repr(value))[:60]}.\n{FIX}")
    return finite(f"{place}: `{key}`", math.inf if abs(value) > 1e300 else float(value))
