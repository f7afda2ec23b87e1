"""Boxes in one CSV file, a row per box and radiologist, fused to one set of boxes per image (VinDr-CXR)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from bench.core.errors import DataError
from bench.core.reading import reading, text_of
from bench.core.task import Box, BoxTarget, Case
from tasks.readers.boxes import BoxFolder, check_pairs, clip_box, finite, n_pixels, whole_number

_THINNEST = 0.1
"""Pixels; a thinner box would lose its area when boxes are fused and rounded to hundredths of a pixel."""
COLUMNS = ("image_id", "class_name", "class_id", "rad_id", "x_min", "y_min", "x_max", "y_max", "width", "height")


class Row(NamedTuple):
    """One box by one radiologist, or one statement that there is nothing to mark."""

    image: str
    place: str
    """File and line, for error messages."""
    reader: str
    """The radiologist."""
    width: int
    height: int
    box: Box | None


@dataclass(frozen=True)
class BoxCsv(BoxFolder):
    """Reader of a CSV file with `COLUMNS`; boxes are in pixels of `width` x `height`, image files may be smaller.

    Rows of class number `len(labels)` say that a radiologist found nothing. They are dropped, and with them the images
    where nobody found anything. Boxes of one label by several radiologists that overlap (IoU of at least `fuse_iou`)
    become one by weighted box fusion (Solovyev et al. 2021), with equal weights, also where one radiologist drew both;
    boxes that overlap no other stay.
    """

    version: ClassVar[int] = 1

    nothing: str = "No finding"
    """Name of the class that says so."""
    fuse_iou: float = 0.5

    def read(self, folder: Path) -> list[Case]:
        """List the cases with at least one box, sorted by id.

        Raises:
            DataError: the file or an image is missing, an image has two files or no row, a column is missing, a class
                is unknown, a value is no finite number or, for classes and sizes, not a whole one, an image has two
                sizes, or a box is inverted, without area or outside the image; the message names the line.
        """
        files = self._image_files(folder)
        path = self._place(folder) / self.file
        images: dict[str, list[Row]] = {}
        for row in self._rows(path):
            images.setdefault(row.image, []).append(row)
        check_pairs(path, files, images)
        targets = {name: self._target(rows) for name, rows in images.items()}
        return sorted(
            (
                Case(files[name].relative_to(folder).as_posix(), files[name], target, None)
                for name, target in targets.items()
                if target.boxes
            ),
            key=lambda case: case.id,
        )

    def _rows(self, path: Path) -> Iterator[Row]:
        with reading(path, _FIX, what="cannot be read as CSV"):
            table = csv.DictReader(io.StringIO(text_of(path), newline=""))
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                found = ", ".join(table.fieldnames or ()) or "nothing"
                raise DataError(f"{path}: the column {missing[0]!r} is missing (found: {found}).\n{_FIX}")
            for values in table:
                if None in values or None in values.values():
                    n = sum(value is not None for key, value in values.items() if key) + len(values.get(None) or ())
                    columns = len(table.fieldnames or ())
                    raise DataError(f"{path}, line {table.line_num} has {n} fields for {columns} columns.\n{_FIX}")
                yield self._row(f"{path}, line {table.line_num}", values)

    def _row(self, place: str, values: dict[str, str | None]) -> Row:
        number = whole_number(f"{place}: class_id", _number(place, values, "class_id"))
        names = (*self.labels, self.nothing)
        if not 0 <= number < len(names):
            raise DataError(f"{place}: unknown class_id {number}; known: 0 to {len(names) - 1}.\n{_FIX}")
        stated = values["class_name"]
        if stated != names[number]:
            raise DataError(f"{place}: class_id {number} is {names[number]!r}, class_name says {stated!r}.\n{_FIX}")
        width, height = (n_pixels(f"{place}: {key}", _number(place, values, key)) for key in ("width", "height"))
        box = None
        if number < len(self.labels):
            box = Box(number, *(_number(place, values, key) for key in ("x_min", "y_min", "x_max", "y_max")))
        return Row(values["image_id"] or "", place, values["rad_id"] or "", width, height, box)

    def _target(self, rows: Sequence[Row]) -> BoxTarget:
        first = rows[0]
        width, height = first.width, first.height
        boxes: dict[str, list[Box]] = {}
        n_clipped = 0
        for row in rows:
            if (row.width, row.height) != (width, height):
                raise DataError(
                    f"{row.place}: image {row.image!r} has {row.width} x {row.height} pixels here, and {width} x "
                    f"{height} in {first.place}.\n{_FIX}"
                )
            if row.box is None:
                continue
            box, cut = clip_box(row.box, width, height, row.place)
            if min(box.x_max - box.x_min, box.y_max - box.y_min) < _THINNEST:
                raise DataError(f"{row.place}: this box is thinner than {_THINNEST} pixels inside its image.\n{_FIX}")
            boxes.setdefault(row.reader, []).append(box)
            n_clipped += cut
        return BoxTarget(width, height, fuse_boxes(list(boxes.values()), width, height, self.fuse_iou), n_clipped)


def fuse_boxes(readers: Sequence[Sequence[Box]], width: int, height: int, iou: float) -> tuple[Box, ...]:
    """Boxes of several readers -> one set, sorted, by weighted box fusion with equal weights.

    Weights differ by a millionth, in the order of the boxes, because the library's sort leaves the order of equal ones
    open. Coordinates are rounded to hundredths of a pixel: the library computes in float32 fractions of the image.
    """
    if not any(readers):
        return ()
    from ensemble_boxes import weighted_boxes_fusion

    scale = (width, height, width, height)
    corners = [[[v / s for v, s in zip(box[1:], scale, strict=True)] for box in boxes] for boxes in readers]
    labels = [[box.label for box in boxes] for boxes in readers]
    order = {box: 1 - 1e-6 * number for number, box in enumerate(sorted(box for boxes in readers for box in boxes))}
    scores = [[order[box] for box in boxes] for boxes in readers]
    fused, _, kinds = weighted_boxes_fusion(corners, scores, labels, iou_thr=iou)
    boxes = [
        Box(int(k), *(min(round(float(v) * s, 2), s) for v, s in zip(f, scale, strict=True)))
        for f, k in zip(fused, kinds, strict=True)
    ]
    return tuple(sorted(boxes))


_FIX = "Restore this file from the owner's archive."


def _number(place: str, values: dict[str, str | None], key: str) -> float:
    try:
        value = float(values[key] or "")
    except ValueError:
        raise DataError(f"{place}: {key} must be a number; found {values[key]!r}.\n{_FIX}") from None
    return finite(f"{place}: {key}", value)
