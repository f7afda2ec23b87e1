"""Lines of a CSV manifest and tables of a TOML one, each checked; one error names the line and what is wrong."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import reading, text_of, toml_of
from bench.core.settings import Settings

EVERYTHING = "**/*"
_FORM = (
    "A manifest is UTF-8 text: CSV with a column `path` (and, where wanted, pattern, axis, modality), or TOML with "
    "tables [[image]], [[folder]], [[volume]]."
)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
Rows = Iterator[tuple[str, dict[str, Any]]]
"""(place in the manifest, for messages; keys and values)."""


class Entry(Settings):
    """One line or table of a manifest."""

    path: str = Field(min_length=1)
    pattern: str = Field(EVERYTHING, min_length=1)
    axis: Literal[0, 1, 2] = 2
    modality: str = ""

    @field_validator("axis", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        try:
            return int(value) if float(value) == int(float(value)) and not isinstance(value, bool) else value
        except (TypeError, ValueError, OverflowError):
            return value


def rows_of(manifest: Path) -> Rows:
    """The entries of a manifest, or of a folder, which is one. Raises `DataError` for another form."""
    if manifest.is_dir():
        return iter([("as a corpus", {"path": str(manifest.absolute())})])
    return _toml_rows(manifest) if manifest.suffix == ".toml" else _csv_rows(manifest)


class Entries:
    """Checks entries; what differs from another in its path alone is not checked again."""

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        self._known: dict[tuple[Any, ...], Entry] = {}

    def check(self, place: str, row: dict[str, Any]) -> tuple[str, Entry]:
        """Path of an entry, and an entry that is the same but for the path. Raises `DataError`."""
        path = row.get("path")
        rest = tuple(item for item in row.items() if item[0] != "path")
        plain = bool(path) and type(path) is str and all(type(value) is str for _, value in rest)
        found = self._known.get(rest) if plain else None
        if found is None:
            found = _entry(self._manifest, place, row)
            if plain:
                self._known[rest] = found
            path = found.path
        return str(path), found


def _entry(manifest: Path, place: str, row: dict[str, Any]) -> Entry:
    try:
        return Entry.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        key, value = ".".join(map(str, first["loc"])), one_line(repr(first["input"]))[:80]
    if key == "path" and first["type"] != "string_type":
        why = f" has no `path`; found {value}"
    elif key == "axis":
        why = f": axis {value} is not known; expected 0 (sagittal), 1 (coronal) or 2 (axial)"
    elif first["type"] == "extra_forbidden":
        why = f": the key {one_line(key)!r} is not known; expected {', '.join(Entry.model_fields)}"
    elif first["type"] == "string_type":
        why = f": {key} must be a text; found {value}"
    else:
        why = f": {key}: {first['msg']} (found {value})"
    raise DataError(f"{one_line(manifest)}, {place}{why}.")


def _csv_rows(manifest: Path) -> Rows:
    with reading(manifest, _FORM, what="is not a readable CSV file"):
        lines = csv.reader((line[0] for line in _LINE.finditer(text_of(manifest))), strict=True)
        columns = [name.strip() for name in next(lines, [])]
        if "path" not in columns:
            found = one_line(", ".join(columns)) or "nothing"
            raise DataError(f"{one_line(manifest)} has no column `path`; found: {found}.")
        for row in lines:
            if len(row) > len(columns):
                raise DataError(
                    f"{one_line(manifest)}, line {lines.line_num} has {len(row)} fields for {len(columns)} columns. "
                    "Put a path with commas in quotes, and end no line with a comma."
                )
            if any(field.strip() for field in row):
                named = zip(columns, row, strict=False)
                yield f"line {lines.line_num}", {name: value for name, value in named if value or name == "path"}


def _toml_rows(manifest: Path) -> Rows:
    with reading(manifest, _FORM, what="is not valid TOML"):
        tables = toml_of(text_of(manifest))
    unknown = tables.keys() - {"image", "folder", "volume"}
    lists = all(isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in tables.values())
    if unknown or not tables or not lists:
        found = one_line(", ".join(tables)) or "nothing"
        raise DataError(f"{one_line(manifest)}: expected tables [[image]], [[folder]], [[volume]]; found {found}.")
    for name, rows in tables.items():
        yield from ((f"[[{name}]] number {number}", row) for number, row in enumerate(rows, start=1))
