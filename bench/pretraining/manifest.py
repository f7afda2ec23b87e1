"""Manifests of pretraining images: CSV and TOML files that list images, folders and volumes; or a folder alone."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import files_below, hash_of, is_junk, reading, text_of, toml_of
from bench.core.settings import Settings
from bench.data.decoding import dicom
from bench.data.decoding.images import SUFFIXES, is_image
from bench.data.volumes import is_volume
from bench.pretraining.corpus_image import CorpusImage, read_volume

EVERYTHING = "**/*"
_HINT = " (to read DICOM: pip install 'medical-ssl-bench[dicom]')"
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


def read_manifest(manifest: Path) -> list[CorpusImage]:
    """Every image that a manifest (`.csv`, `.toml`) lists or that a folder holds, each content once, volumes by slices.

    Linked folders are followed, each once.

    Raises:
        DataError: the manifest or an entry of it is missing, empty or of an unknown form; names the entry.
    """
    images: dict[tuple[str, int | None, int], CorpusImage] = {}
    for entry, files in _entries(manifest):
        for image in _expand(files, entry.axis, entry.modality):
            images.setdefault((image.content, image.axis, image.index), image)
    return list(images.values())


def left_out(manifest: Path) -> str | None:
    """How many files of listed folders are no images, in all and by suffix: `15 files not taken: .txt 12, .webp 3`.


    None where all are. Hidden files do not count. Raises `DataError` as `read_manifest` does.
    """
    others = Counter(
        file.suffix.lower() or "without a suffix"
        for entry, files in _entries(manifest)
        for file in files
        if not _is_taken(file)
    )
    total, counts = sum(others.values()), ", ".join(f"{suffix} {n}" for suffix, n in others.most_common())
    hint = _HINT if any(suffix in others for suffix in dicom.SUFFIXES) and not dicom.is_installed() else ""
    return f"{total} file{'s' * (total > 1)} not taken: {counts}{hint}" if others else None


def _entries(manifest: Path) -> Iterator[tuple[Entry, list[Path]]]:
    """Each entry with the files that it names; at least one of them is an image."""
    if manifest.is_dir():
        rows: Rows = iter([("as a corpus", {"path": str(manifest.absolute())})])
    else:
        rows = _toml_rows(manifest) if manifest.suffix == ".toml" else _csv_rows(manifest)
    for place, row in rows:
        entry = _entry(manifest, place, row)
        target = manifest.parent / Path(entry.path).expanduser()
        with reading(target, f"Correct {one_line(manifest)}, {place}: paths and patterns are relative."):
            if not target.exists():
                raise DataError(
                    f"{one_line(manifest)}, {place}: {one_line(target)} does not exist (paths are relative to the "
                    "manifest)."
                )
            files = _files(target, entry.pattern)
        if not any(map(_is_taken, files)):
            unread = _HINT if any(map(dicom.is_dicom, files)) and not dicom.is_installed() else ""
            raise DataError(
                f"{one_line(manifest)}, {place}: no images under {one_line(target)} (known: "
                f"{', '.join(SUFFIXES)}, NIfTI, DICOM{unread})."
            )
        yield entry, files


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


_FORM = (
    "A manifest is UTF-8 text: CSV with a column `path` (and, where wanted, pattern, axis, modality), or TOML with "
    "tables [[image]], [[folder]], [[volume]]."
)


def _csv_rows(manifest: Path) -> Rows:
    with reading(manifest, _FORM, what="is not a readable CSV file"):
        lines = csv.reader(io.StringIO(text_of(manifest), newline=""), strict=True)
        columns = [name.strip() for name in next(lines, [])]
        rows = [(f"line {lines.line_num}", row) for row in lines if row]
    if "path" not in columns:
        raise DataError(
            f"{one_line(manifest)} has no column `path`; found: {one_line(', '.join(columns)) or 'nothing'}."
        )
    for place, row in rows:
        if len(row) > len(columns):
            raise DataError(
                f"{one_line(manifest)}, {place} has {len(row)} fields for {len(columns)} columns. Put a path with "
                "commas in quotes, and end no line with a comma."
            )
        if any(field.strip() for field in row):
            yield place, {name: value for name, value in zip(columns, row, strict=False) if value or name == "path"}


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


def _expand(files: Iterable[Path], axis: int, modality: str) -> Iterator[CorpusImage]:
    for file in files:
        if not _is_taken(file):
            continue
        if is_volume(file):
            content = _content(file)
            yield from (CorpusImage(file, content, axis, k, modality) for k in range(read_volume(file).shape[axis]))
        else:
            yield CorpusImage(file, _content(file), modality=modality)


def _is_taken(file: Path) -> bool:
    """Whether a file is an image or a volume; DICOM only where it holds an image and can be read."""
    if dicom.is_dicom(file):
        return dicom.is_installed() and dicom.holds_image(file)
    return is_image(file) or is_volume(file)


def _files(target: Path, pattern: str) -> list[Path]:
    """The file itself, or those of a folder that fit a pattern, sorted."""
    if not target.is_dir():
        return [target]
    found = files_below(target) if pattern == EVERYTHING else (p for p in target.glob(pattern) if p.is_file())
    return sorted(path for path in found if not any(map(is_junk, path.relative_to(target).parts)))


def _content(file: Path) -> str:
    with reading(file, "Restore this file, or take it out of the manifest."):
        return hash_of(file)
