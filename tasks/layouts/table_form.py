"""How a table of images is written: its file, delimiter and columns; and reading its rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, field_validator

from bench.core.errors import DataError, closest
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.reading import reading, text_of
from tasks.readers.folders import names_found, visible

COLUMNS = ("path", "label", "mask", "structure", "region", "boxes", "x_min", "y_min", "x_max", "y_max", "subject",
           "site", "split", "sex", "age")  # fmt: skip
"""Columns that a table may have; others are left alone."""
_DELIMITERS = (",", ";", "\t", "|")


class Row(NamedTuple):
    """One row of the table."""

    place: str
    """File and line, for messages."""
    values: dict[str, str]
    """Column, as in `COLUMNS` -> cell without blanks around it; only columns that the table has."""


class TableForm(Layout):
    """Base of the layout `csv`: where the table is and how it is written."""

    file: str = Field(description="The table, relative to the folder.")
    delimiter: str = Field("", description='Such as ";"; default: what the first line has most of: , ; tab |.')
    encoding: str = Field("utf-8", description="Of the table, such as cp1252; a byte order mark is tolerated.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description=f"Names of columns where the table has others: path = 'filename'. Known: {', '.join(COLUMNS)}.",
    )

    images: str = Field("", description="Folder of the images, where paths of images are relative to it.")
    suffix: str = Field("", description="What the table leaves out at the end of images' names, such as .png.")
    masks: dict[str, str] = Field(
        default_factory=dict, description="Segmentation: the column of each structure's mask, where each has one."
    )
    values: dict[str, int] = Field(
        default_factory=dict, description="The mask is a label map: a table of structure = value; 0 is background."
    )
    missing_mask: Literal["error", "empty"] = Field(
        "error", description="Whether an empty cell of a mask is an error, or says that nothing is there."
    )
    lossy: bool = Field(False, description="Masks are JPEGs: they are cut at half.")
    box_form: Literal["xyxy", "xywh"] = Field(
        "xyxy", description="The four numbers of a box: corners, or corner, width and height."
    )
    relative_boxes: bool = Field(False, description="Numbers of boxes are shares of the image's sides, not pixels.")

    @field_validator("columns")
    @classmethod
    def _check_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        for name in columns:
            if name not in COLUMNS:
                raise ValueError(f"unknown column {name!r}.{closest(name, COLUMNS)} Known: {', '.join(COLUMNS)}")
        return columns

    @field_validator("delimiter")
    @classmethod
    def _check_delimiter(cls, delimiter: str) -> str:
        if len(delimiter) > 1 or delimiter in ('"', "\n", "\r"):
            raise ValueError("a delimiter is one character")
        return delimiter

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except LookupError:
            raise ValueError(f"there is no encoding {encoding!r}; for example utf-8, cp1252") from None
        return encoding

    def column(self, name: str) -> str:
        """What the table calls a column."""
        return self.columns.get(name, name)

    def rows(self, folder: Path, needed: tuple[str, ...], extra: tuple[str, ...] = ()) -> list[Row]:
        """The rows of the table of a folder, whose columns `needed` and `extra` (the table's own names) are there.

        Raises:
            DataError: no such table, a column that is missing or there twice, a row of another length, no row, or a
                file that is no text of the encoding; the message names the line.
        """
        path = folder / self.file
        if not path.is_file():
            found = names_found(visible(folder)) if folder.is_dir() else "there is no such folder"
            raise DataError(f"{one_line(path)}: there is no such table ({found}).\nCorrect `file` of [layout].")
        with reading(path, _ENCODING, what="cannot be read as text"):
            text = text_of(path, self.encoding).removeprefix("\ufeff")
        with reading(path, "Correct the table.", what="cannot be read as CSV"):
            delimiter = self.delimiter or _delimiter_of(text)
            table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            lines = [(table.line_num, row) for row in table if any(cell.strip() for cell in row)]
        header = [cell.strip() for cell in lines[0][1]] if lines else []
        wanted = [*map(self.column, (*needed, *self.columns)), *extra]
        _check_header(path, header, delimiter, list(dict.fromkeys(wanted)))
        names = {self.column(name): name for name in COLUMNS} | {name: name for name in extra}
        rows = [Row(f"{one_line(path)}, line {n}", _cells(path, n, header, row, names)) for n, row in lines[1:]]
        if not rows:
            raise DataError(f"{one_line(path)}: this table has no rows.\nAdd a row for each image.")
        return rows


def _cells(path: Path, line: int, header: list[str], row: list[str], names: dict[str, str]) -> dict[str, str]:
    extra = row[len(header) :]
    if len(row) < len(header) or any(cell.strip() for cell in extra):
        raise DataError(
            f"{one_line(path)}, line {line} has {len(row)} fields for {len(header)} columns.\n"
            "Put cells with a delimiter in quotes, and give every row a cell for each column."
        )
    return {names[name]: cell.strip() for name, cell in zip(header, row, strict=False) if name in names}


def _check_header(path: Path, header: list[str], delimiter: str, wanted: list[str]) -> None:
    found = one_line(", ".join(header)) or "nothing"
    twice = [name for name, number in Counter(header).items() if number > 1 and name]
    if twice:
        raise DataError(f"{one_line(path)}: the column {one_line(twice[0])!r} is there twice.\nRename one of them.")
    for name in wanted:
        if name not in header:
            raise DataError(
                f"{one_line(path)}: the column {one_line(name)!r} is missing.{one_line(closest(name, header))} "
                f"Found, with the delimiter {delimiter!r}: {found}.\n"
                'Say what the table calls it, as columns = { path = "filename" } in [layout], or correct the header '
                "or `delimiter`."
            )


def _delimiter_of(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


_ENCODING = 'Save the table as UTF-8, or say in [layout] what it is, as encoding = "cp1252".'
