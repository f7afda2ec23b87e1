"""Pretraining corpora: `pool`, `task`, or a manifest file. A corpus never holds a validation or test image."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.data import Data
from bench.errors import DataError, UsageError
from bench.identity import digest
from bench.images import read_image
from bench.interfaces import Case
from bench.splits import SplitCases
from bench.volumes import read_grid, read_intensities, through_plane

CORPORA: Mapping[str, str] = {
    "pool": "training images of every data set found under the data root (default)",
    "task": "training images of the task's own data set only",
    "FILE.csv": "a manifest: column `path` (image, folder or NIfTI volume; relative to the file), optional "
    "`axis`, `modality`",
    "FILE.toml": "a manifest: tables [[image]], [[folder]] (path, pattern) and [[volume]] (path, axis); optional "
    "`modality`",
}
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
VOLUME_SUFFIXES = (".nii", ".nii.gz")


@dataclass(frozen=True)
class CorpusImage:
    """One image to pretrain on: a file, or one slice of a volume."""

    path: Path
    content: str
    """SHA-256 of the file."""
    axis: int | None = None
    index: int = 0
    modality: str = field(default="", compare=False)
    load: Callable[[], Image.Image] | None = field(default=None, compare=False)
    """How the data set's own reader decodes it, where files need one (films without a header)."""
    decoder: str = field(default="", compare=False)
    """Name of that reader."""

    @property
    def key(self) -> tuple[str, int | None, int, str]:
        """What its pixels depend on: file, slice and reader."""
        return self.content, self.axis, self.index, self.decoder

    def read(self) -> Image.Image:
        """Decode to 8-bit RGB. Raises `DataError` naming the file."""
        if self.axis is not None:
            return _read_slice(self.path, self.axis, self.index)
        return self.load() if self.load else read_image(self.path)


@dataclass(frozen=True)
class Corpus:
    """Images to pretrain on, with a fingerprint that enters the identity of a run."""

    name: str
    images: tuple[CorpusImage, ...]
    sources: Mapping[str, int]
    """Data set or manifest -> number of images."""
    excluded: int
    """Images left out because the same file is a validation or test image."""
    origin: str
    """Hash of what the corpus is drawn from, the same for every seed."""

    @property
    def fingerprint(self) -> str:
        """Hash of the content of all images, independent of where they lie."""
        return digest(sorted(f"{i.content}/{i.axis}/{i.index}" for i in self.images))

    @property
    def modalities(self) -> str:
        """Hash of which image is of which modality, for runs that balance them."""
        return digest(sorted(f"{i.content}/{i.axis}/{i.index}/{i.modality}" for i in self.images))

    @property
    def label(self) -> str:
        """Name and sources, for tables: `pool(brain_tumor+drive)`."""
        return f"{self.name}({'+'.join(sorted(self.sources))})"


def pool_corpus(sets: Sequence[tuple[Data, SplitCases]], name: str = "pool") -> Corpus:
    """Training images of several data sets, without files that any of them evaluates on.

    A file that several data sets train on (one collection with masks and with boxes) counts for the last of them; a
    data set that brings nothing of its own is no source.
    """
    held_out = held_out_contents(sets)
    source_of = {data.hashes[c.id]: data.data_set.name for data, split in sets for c in split.train}
    images: list[CorpusImage] = []
    sources: dict[str, int] = {}
    excluded = 0
    for data, split in sets:
        own = [c for c in split.train if source_of[data.hashes[c.id]] == data.data_set.name]
        if split.train and not own:
            continue
        of_cases = {c.id: list(_images_of(data, c)) for c in own}
        drawn = [image for c in own if data.hashes[c.id] not in held_out for image in of_cases[c.id]]
        excluded += sum(map(len, of_cases.values())) - len(drawn)
        sources[data.data_set.name] = len(drawn)
        images += drawn
    origin = digest(sorted(data.fingerprint for data, _ in sets if data.data_set.name in sources))
    return Corpus(name, tuple(images), sources, excluded, origin)


def _images_of(data: Data, case: Case) -> Iterator[CorpusImage]:
    """The image of a case, or every slice of its volume across the plane of acquisition."""
    content, reader, modality = data.hashes[case.id], data.data_set.reader, data.data_set.modality
    if case.image.name.lower().endswith(VOLUME_SUFFIXES):
        axis, n_slices = through_plane(read_grid(case.image))
        yield from (CorpusImage(case.image, content, axis, k, modality) for k in range(n_slices))
    else:
        load = getattr(reader, "load_image", None)
        image = CorpusImage(case.image, content, modality=modality)
        yield replace(image, load=partial(load, case), decoder=type(reader).__qualname__) if load else image


def manifest_corpus(path: Path, sets: Sequence[tuple[Data, SplitCases]]) -> Corpus:
    """Images of a manifest, without files that a data set under the data root evaluates on.

    Raises:
        DataError: the manifest or an entry of it is missing, empty or of an unknown form.
    """
    held_out = held_out_contents(sets)
    images = [image for entry in _entries(path) for image in entry]
    kept = tuple(i for i in images if i.content not in held_out)
    if not kept:
        raise DataError(f"{path}: no image left to pretrain on ({len(images)} listed, all of them evaluation images).")
    origin = digest([[i.content, i.axis, i.index] for i in images])
    return Corpus(path.stem, kept, {path.name: len(kept)}, len(images) - len(kept), origin)


def check_corpus_name(name: str) -> None:
    """Raise `UsageError` unless `name` is `pool`, `task` or an existing manifest."""
    if name in ("pool", "task"):
        return
    if Path(name).suffix not in (".csv", ".toml"):
        raise UsageError(f"--corpus {name!r}: expected pool, task, or a manifest ending in .csv or .toml.")
    if not Path(name).is_file():
        raise UsageError(f"--corpus {name}: no such file.")


def held_out_contents(sets: Iterable[tuple[Data, SplitCases]]) -> set[str]:
    """Content hashes of every validation and test image."""
    return {data.hashes[c.id] for data, split in sets for c in (*split.validation, *split.test)}


def _entries(manifest: Path) -> Iterator[list[CorpusImage]]:
    rows = _toml_rows(manifest) if manifest.suffix == ".toml" else _csv_rows(manifest)
    for place, row in rows:
        target = manifest.parent / str(row["path"])
        if not target.exists():
            raise DataError(f"{manifest}, {place}: {target} does not exist (paths are relative to the manifest).")
        pattern, axis = str(row.get("pattern") or "**/*"), int(row.get("axis", 2))
        found = list(_expand(target, pattern, axis, str(row.get("modality", ""))))
        if not found:
            raise DataError(
                f"{manifest}, {place}: no images under {target} (known: {', '.join(IMAGE_SUFFIXES)}, NIfTI)."
            )
        yield found


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
        if file.name.endswith(VOLUME_SUFFIXES):
            content = _content(file)
            yield from (CorpusImage(file, content, axis, k, modality) for k in range(_volume(file).shape[axis]))
        elif file.suffix.lower() in IMAGE_SUFFIXES:
            yield CorpusImage(file, _content(file), modality=modality)


def _content(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@lru_cache(maxsize=2)
def _volume(path: Path) -> np.ndarray:
    """Read a NIfTI volume in RAS orientation, scaled to 8 bits between its 0.5 and 99.5 percentiles.

    Raises:
        DataError: as `read_intensities` does.
    """
    import torch
    from monai.transforms import ScaleIntensityRangePercentiles
    from nibabel.orientations import apply_orientation, io_orientation

    turned = apply_orientation(read_intensities(path), io_orientation(read_grid(path).affine))
    scale = ScaleIntensityRangePercentiles(0.5, 99.5, 0, 255, clip=True)
    array: np.ndarray = scale(torch.from_numpy(turned.copy())[None])[0].numpy().astype(np.uint8)
    return array


def _read_slice(path: Path, axis: int, index: int) -> Image.Image:
    return Image.fromarray(np.rot90(np.take(_volume(path), index, axis=axis)).copy()).convert("RGB")
