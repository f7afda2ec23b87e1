"""Readers of tables of images: with labels, with masks, with boxes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.task import Box, Case
from bench.data.decoding.images import read_image, read_size
from tasks.layouts.fields import class_index, inside, require_cases, require_side
from tasks.layouts.table_form import Row, TableForm
from tasks.readers.boxes import make_target
from tasks.readers.mask_files import MAP, REGION, MaskFiles

_CORNERS = ("x_min", "y_min", "x_max", "y_max")
_BOXES = re.compile(r"[\d\s.,;|()\[\]eE+-]*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class TableImages:
    """Reader of a table with one row and one label for each image."""

    version: ClassVar[int] = 1

    form: TableForm
    classes: tuple[str, ...]

    @property
    def layout(self) -> str:
        """The table and its columns."""
        return _layout(self.form, "label")

    def matches(self, folder: Path) -> bool:
        """Whether the table is there."""
        return (folder / self.form.file).is_file()

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id.

        Raises:
            DataError: what is wrong with the table, by line: a column, a path, a label, a split, an image that is
                there twice.
        """
        cases = []
        for name, rows in _by_image(self.form, folder, self.form.rows(folder, ("path", "label"))).items():
            if len(rows) > 1:
                raise DataError(
                    f"{rows[1].place}: the image {one_line(name)!r} stands in {rows[0].place} already.\n"
                    "An image has one label: remove one of the two rows."
                )
            target = class_index(rows[0].values["label"], self.classes, f"{rows[0].place}, column label")
            cases.append(_case(self.form, folder, name, rows, target))
        return require_cases(cases, folder, self.classes, self.layout)


@dataclass(frozen=True)
class TableBoxes:
    """Reader of a table with one row for each box; a row with an empty box says that nothing is in the image."""

    version: ClassVar[int] = 1

    form: TableForm
    labels: tuple[str, ...]

    @property
    def layout(self) -> str:
        """The table and its columns."""
        return _layout(self.form, "label", "boxes")

    def matches(self, folder: Path) -> bool:
        """Whether the table is there."""
        return (folder / self.form.file).is_file()

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id. Raises `DataError` as `TableImages` does, and for boxes that are none."""
        corners = set(_CORNERS) & set(self.form.columns)
        needed = ("path", "label", *(_CORNERS if corners else ("boxes",)))
        cases = []
        for name, rows in _by_image(self.form, folder, self.form.rows(folder, needed)).items():
            height, width = read_size(_image_path(self.form, folder, rows[0]))
            scale = (width, height) if self.form.relative_boxes else (1, 1)
            boxes = [(row.place, box) for row in rows for box in self._boxes(row, scale)]
            cases.append(_case(self.form, folder, name, rows, make_target(boxes, width, height)))
        return require_cases(cases, folder, (), self.layout)

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """How many boxes reached over the edge of their image, and which labels no box has."""
        clipped = sum(case.target.n_clipped for case in cases)
        found = [f"boxes that reach over the edge of their image and were cut at it: {clipped}."] * (clipped > 0)
        seen = {box.label for case in cases for box in case.target.boxes}
        absent = [name for index, name in enumerate(self.labels) if index not in seen]
        return (*found, *([f"no box has the label {', '.join(absent)}."] if absent else []))

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W). Raises `DataError` where it cannot be decoded."""
        return read_image(case.image)

    def _boxes(self, row: Row, scale: tuple[int, int]) -> list[Box]:
        cells = [row.values[name] for name in ("boxes", *_CORNERS) if name in row.values]
        text = " ".join(cells).strip()
        if not text:
            if row.values["label"]:
                raise DataError(f"{row.place}: a label without a box.\nAdd its four numbers, or empty both cells.")
            return []
        numbers = [float(number) for number in _NUMBER.findall(text)]
        if not _BOXES.fullmatch(text) or not numbers or len(numbers) % 4 or not all(map(math.isfinite, numbers)):
            raise DataError(
                f"{row.place}: {one_line(text)!r} is no box: expected four numbers ({self.form.box_form}), or four for "
                "each of several boxes.\nCorrect the cell: 10 12 50 60; 70 12 90 40."
            )
        label = class_index(row.values["label"], self.labels, f"{row.place}, column label")
        found = []
        for x, y, a, b in zip(*(iter(numbers),) * 4, strict=True):
            x_max, y_max = (a, b) if self.form.box_form == "xyxy" else (x + a, y + b)
            found.append(Box(label, x * scale[0], y * scale[1], x_max * scale[0], y_max * scale[1]))
        return found


@dataclass(frozen=True)
class TableMasks(MaskFiles):
    """Reader of a table that names the masks of each image: in a column each, or in a row each."""

    version: ClassVar[int] = 1

    form: TableForm

    @property
    def layout(self) -> str:
        """The table and its columns."""
        return _layout(self.form, *(self.form.masks.values() or ("mask",)))

    def matches(self, folder: Path) -> bool:
        """Whether the table is there."""
        return (folder / self.form.file).is_file()

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id. Raises `DataError` as `TableImages` does, and for masks that are not there."""
        own = tuple(self.form.masks.values())
        rows_of = _by_image(self.form, folder, self.form.rows(folder, ("path",) if own else ("path", "mask"), own))
        cases = []
        for name, rows in rows_of.items():
            found = [pair for row in rows for pair in self._files(folder, row)]
            found = list(dict.fromkeys(found)) if own or "region" in rows[0].values else found
            if len(set(found)) < len(found):
                raise DataError(f"{rows[-1].place}: the same image and mask stand in an earlier row.\nRemove one.")
            files = tuple(path for path, _ in found)
            cases.append(_case(self.form, folder, name, rows, tuple(what for _, what in found), files))
        return require_cases(cases, folder, (), self.layout)

    def _files(self, folder: Path, row: Row) -> list[tuple[Path, int]]:
        """The files of a row and what each is."""
        cells = [(index, self.form.masks[name]) for index, name in enumerate(self.structures) if self.form.masks]
        found = []
        for index, column in cells or [(self._structure(row), "mask")]:
            if cell := row.values[column]:
                found.append((inside(folder, cell, f"{row.place}, column {column}"), index))
            elif self.form.missing_mask == "error":
                raise DataError(
                    f"{row.place}: the cell of {column} is empty.\nName a mask, or say that such images hold nothing: "
                    'missing_mask = "empty" in [layout].'
                )
        if region := row.values.get("region"):
            found.append((inside(folder, region, f"{row.place}, column region"), REGION))
        return found

    def _structure(self, row: Row) -> int:
        if self.values:
            return MAP
        name = row.values.get("structure", "")
        if len(self.structures) == 1 and not name:
            return 0
        return class_index(name, self.structures, f"{row.place}, column structure")


def _layout(form: TableForm, *columns: str) -> str:
    names = ", ".join(dict.fromkeys((form.column("path"), *map(form.column, columns))))
    return f"{form.file} with the columns {names}; the images that it names"


def _image_path(form: TableForm, folder: Path, row: Row) -> Path:
    text = row.values["path"]
    if not text:
        raise DataError(f"{row.place}: the cell of the image's path is empty.\nFill it, or remove the row.")
    inner = f"{form.images}/{text}" if form.images else text
    return inside(folder, f"{inner}{form.suffix}", f"{row.place}, column path")


def _by_image(form: TableForm, folder: Path, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Case id (path of the image relative to the folder) -> its rows."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        name = _image_path(form, folder, row).relative_to(folder).as_posix()
        found.setdefault(name, []).append(row)
    return found


def _case(
    form: TableForm, folder: Path, name: str, rows: Sequence[Row], target: Any, labels: tuple[Path, ...] = ()
) -> Case:
    """The case of an image. Raises `DataError` where its rows differ in subject, site or split."""
    first = rows[0]
    for row in rows[1:]:
        for column in ("subject", "site", "split"):
            if row.values.get(column) != first.values.get(column):
                raise DataError(
                    f"{row.place}: {column} is {one_line(row.values.get(column))!r}, and {first.place} says "
                    f"{one_line(first.values.get(column))!r} of the same image {one_line(name)!r}.\nMake them equal."
                )
    cells = {}
    for column in ("site", "split"):
        cells[column] = first.values.get(column)
        if cells[column] == "":
            raise DataError(
                f"{first.place}: the cell of {column} is empty.\nFill it in every row, or remove the column {column}."
            )
    split = require_side(cells["split"], f"{first.place}, column split") if cells["split"] else None
    subject = first.values.get("subject") or None
    return Case(name, folder / name, target, split, subject, labels, cells["site"])
