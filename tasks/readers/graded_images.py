"""Images in one folder, and a table without header that gives each a grade."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.core.errors import DataError
from bench.core.reading import reading, text_of
from bench.core.task import Case
from tasks.readers.folders import advice, visible


@dataclass(frozen=True)
class GradedImages:
    """Reader of `<images>/<file>` and a CSV table whose rows are `<file>,<grade>`."""

    version: ClassVar[int] = 1

    images: str
    """Folder of the images, relative to the data set's folder."""
    table: str
    """The table, relative to the data set's folder."""
    file_form: str
    """How an image's file is named, as text for people."""
    file_pattern: str
    """The same as a regular expression; its group `subject` names the subject."""
    classes: Mapping[str, int]
    """Class -> grade, from 0."""

    @property
    def layout(self) -> str:
        """The expected files, one per line."""
        grades = f"0 to {len(self.classes) - 1}"
        return f"{self.images}/{self.file_form}\n{self.table} (rows: file name, grade {grades}; no header)"

    def matches(self, folder: Path) -> bool:
        """Whether the folder has the table, and images that are named as the owner's."""
        images = folder / self.images
        if not (folder / self.table).is_file() or not images.is_dir():
            return False
        return any(re.fullmatch(self.file_pattern, path.name) for path in visible(images))

    def read(self, folder: Path) -> list[Case]:
        """List the cases of the table, sorted by id (the image's path relative to `folder`); no image is opened.

        Raises:
            DataError: the table or the image folder is missing; a row is no file name and grade, repeats a file, or
                names a file that is not there. The message names table and line.
        """
        images, table = folder / self.images, folder / self.table
        if not images.is_dir():
            raise DataError(f"{images}: this folder is missing.\n{advice(folder, self.matches, self.layout)}")
        if not table.is_file():
            raise DataError(f"{table}: this file is missing.\n{advice(folder, self.matches, self.layout)}")
        present = {path.name for path in visible(images)}
        cases: list[Case] = []
        lines: dict[str, int] = {}
        missing: list[tuple[int, str]] = []
        for line, row in _rows(table):
            name, grade, subject = self._parse(table, line, row)
            if name in lines:
                raise DataError(f"{table}, line {line}: {name} stands in line {lines[name]} already.\n{_FIX}")
            lines[name] = line
            if name not in present:
                missing.append((line, name))
            cases.append(Case(f"{self.images}/{name}", images / name, grade, None, subject))
        _check_complete(images, table, missing, cases)
        return sorted(cases, key=lambda case: case.id)

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Images that have no row in the table, which are not used."""
        known = {case.image.name for case in cases}
        folder = cases[0].image.parent
        loose = [p.name for p in visible(folder) if p.name not in known and re.fullmatch(self.file_pattern, p.name)]
        if not loose:
            return ()
        shown = ", ".join(loose[:3]) + (", ..." if len(loose) > 3 else "")
        return (f"{len(loose)} images in {self.images} have no row in {self.table} and are not used: {shown}.",)

    def _parse(self, table: Path, line: int, row: list[str]) -> tuple[str, int, str]:
        """File name, grade and subject of a row."""
        if len(row) != 2:
            raise DataError(f"{table}, line {line}: expected a file name and a grade; found {','.join(row)!r}.\n{_FIX}")
        name, grade = row[0].strip(), row[1].strip()
        highest = len(self.classes) - 1
        if not (grade.isascii() and grade.isdigit() and int(grade) <= highest):
            header = " The table has no header." if line == 1 and not grade.isdigit() else ""
            raise DataError(
                f"{table}, line {line}: the grade of {name} is {grade!r}; expected 0 to {highest}.{header}\n{_FIX}"
            )
        match = re.fullmatch(self.file_pattern, name)
        if match is None:
            raise DataError(f"{table}, line {line}: {name!r} is no file name of the form {self.file_form}.\n{_FIX}")
        return name, int(grade), match["subject"]


_FIX = "Restore the table from the owner's archive, or correct this row."


def _rows(table: Path) -> list[tuple[int, list[str]]]:
    """(line number, fields) of every row that is not empty. Raises `DataError` where the file is no text."""
    with reading(table, "Restore it from the owner's archive.", what="cannot be read as text"):
        reader = csv.reader(io.StringIO(text_of(table), newline=""))
        return [(reader.line_num, row) for row in reader if any(field.strip() for field in row)]


def _check_complete(images: Path, table: Path, missing: list[tuple[int, str]], cases: list[Case]) -> None:
    if not cases:
        raise DataError(f"{table}: this table has no rows.\nRestore it from the owner's archive.")
    if missing:
        line, name = missing[0]
        more = f" ({len(missing) - 1} more like it)" if len(missing) > 1 else ""
        raise DataError(
            f"{images / name}: there is no such image, and {table.name}, line {line}, names it{more}.\n"
            "Restore the image from the owner's archive, or remove the row."
        )
