"""Manifests of pretraining images: CSV and TOML files that list images, folders and volumes."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.core.errors import DataError
from bench.pretraining.corpus_image import VOLUME_SUFFIXES, CorpusImage, read_volume

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")


def read_manifest(manifest: Path) -> list[CorpusImage]:
    """Every image that a manifest (`.csv` or `.toml`) lists, volumes slice by slice.

    Raises:
        DataError: the manifest or an entry of it is missing, empty or of an unknown form; names the entry.
    """
    return [image for entry in _entries(manifest) for image in entry]


def _entries(manifest: Path) -> Iterator[list[CorpusImage]]:
    rows = _toml_rows(manifest) if manifest.suffix == ".toml" else _csv_rows(manifest)
    for place, row in rows:
        target = manifest.parent / str(row["path"])
        if not target.exists():
            raise DataError(f"{manifest}, {place}: {target} does not exist (paths are relative to the manifest).")
        pattern, axis = str(row.get("pattern") or "**/*"), _axis(manifest, place, row.get("axis", 2))
        found = list(_expand(target, pattern, axis, str(row.get("modality", ""))))
        if not found:
            raise DataError(
                f"{manifest}, {place}: no images under {target} (known: {', '.join(IMAGE_SUFFIXES)}, NIfTI)."
            )
        yield found


def _axis(manifest: Path, place: str, value: Any) -> int:
    try:
        axis = float(value)
    except (TypeError, ValueError):
        axis = -1
    if axis not in (0, 1, 2):
        raise DataError(
            f"{manifest}, {place}: axis {value!r} is not known; expected 0 (sagittal), 1 (coronal) or 2 (axial)."
        )
    return int(axis)


def _csv_rows(manifest: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import pandas as pd

    try:
        table = pd.read_csv(manifest, dtype={"path": str})
    except ValueError as error:
        raise DataError(f"{manifest} is not a readable CSV file: {error}.") from error
    if "path" not in table:
        raise DataError(f"{manifest} has no column `path`; found: {', '.join(map(str, table.columns))}.")
    for number, row in enumerate(table.to_dict("records"), start=2):
        yield f"line {number}", {str(k): v for k, v in row.items() if v == v}


def _toml_rows(manifest: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{manifest} is not valid TOML: {error}.") from error
    unknown = tables.keys() - {"image", "folder", "volume"}
    if unknown or not tables:
        raise DataError(f"{manifest}: expected tables [[image]], [[folder]], [[volume]]; found {sorted(tables)}.")
    for name, rows in tables.items():
        for number, row in enumerate(rows, start=1):
            if "path" not in row:
                raise DataError(f"{manifest}: [[{name}]] number {number} has no `path`.")
            yield f"[[{name}]] number {number}", row


def _expand(target: Path, pattern: str, axis: int, modality: str) -> Iterator[CorpusImage]:
    files = sorted(p for p in target.glob(pattern) if p.is_file()) if target.is_dir() else [target]
    for file in files:
        if file.name.lower().endswith(VOLUME_SUFFIXES):
            content = _content(file)
            yield from (CorpusImage(file, content, axis, k, modality) for k in range(read_volume(file).shape[axis]))
        elif file.suffix.lower() in IMAGE_SUFFIXES:
            yield CorpusImage(file, _content(file), modality=modality)


def _content(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
