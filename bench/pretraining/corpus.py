"""Pretraining corpora: `pool`, `task`, or a manifest file. A corpus never holds a validation or test image."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.digest import digest, digest_of_list
from bench.core.errors import DataError, UsageError
from bench.core.identity import reader_settings
from bench.core.task import Case
from bench.core.versions import Versions, parts, plugin_versions
from bench.data.contract.loads import decodes_volume, load_image, load_volume, shows_volume
from bench.data.dataset import Data
from bench.data.splits import SplitCases
from bench.data.volumes import Grid, read_grid, through_plane
from bench.pretraining.corpus_image import CorpusImage
from bench.pretraining.listed_images import ListedImages, keys_of, modalities_of
from bench.pretraining.manifest import read_manifest
from bench.pretraining.siblings import Siblings

CORPORA: Mapping[str, str] = {
    "pool": "training images of every data set found under the data root (default)",
    "task": "training images of the task's own data set only",
    "FOLDER": "all images and NIfTI volumes below a folder; linked folders are followed once",
    "FILE.csv": "a manifest: column `path` (image, folder or NIfTI volume; relative to the file), optional "
    "`axis`, `modality`",
    "FILE.toml": "a manifest: tables [[image]], [[folder]] (path, pattern) and [[volume]] (path, axis); optional "
    "`modality`",
}


@dataclass(frozen=True)
class Corpus:
    """Images to pretrain on, with a fingerprint that enters the identity of a run."""

    name: str
    images: Sequence[CorpusImage]
    sources: Mapping[str, int]
    """Data set or manifest -> number of images."""
    excluded: int
    """Images left out because they are copies, or further images of the subject, of a validation or test image."""
    origin: str
    """Hash of what the corpus is drawn from, the same for every seed."""
    readers: Versions
    """The readers that decode some of the images, with their versions."""

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the content of all images, independent of where they lie."""
        return digest_of_list(sorted(f"{content}/{axis}/{index}" for content, axis, index in keys_of(self.images)))

    @cached_property
    def modalities(self) -> str:
        """Hash of which image is of which modality, for runs that balance them."""
        rows = zip(keys_of(self.images), modalities_of(self.images), strict=True)
        return digest_of_list(sorted(f"{content}/{axis}/{index}/{m}" for (content, axis, index), m in rows))

    @cached_property
    def versions(self) -> Versions:
        """Of all that chooses and decodes the images."""
        slices = {axis is not None for _, axis, _ in keys_of(self.images)}
        return parts("corpus", *["images"] * (False in slices), *["volumes"] * (True in slices)) | self.readers

    @property
    def label(self) -> str:
        """Name and sources, for tables: `pool(brain_tumor+drive)`."""
        return f"{self.name}({'+'.join(sorted(self.sources))})"


def pool_corpus(
    sets: Sequence[tuple[Data, SplitCases]], name: str = "pool", copies: Collection[str] = (), rule: str = ""
) -> Corpus:
    """Training images of several data sets, without those that any of them evaluates on, in any encoding.

    Left out are files with the bytes of a validation or test image, those in `copies` (SHA-256 of files that show the
    same, see `World`), and other images of a validation or test subject. `rule` names what found the copies where it
    is not always the same, and is part of the corpus's origin.

    A file that several data sets train on (one collection with masks and with boxes) counts for the last of them; a
    data set that brings nothing of its own is no source.
    """
    held_out, subjects = held_out_contents(sets) | set(copies), held_out_subjects(sets)
    source_of = {data.hashes[c.id]: data.data_set.name for data, split in sets for c in split.train}
    images: list[CorpusImage] = []
    sources: dict[str, int] = {}
    drawn_from: list[list[Any]] = []
    readers: Versions = {}
    excluded = 0
    for data, split in sets:
        own = [c for c in split.train if source_of[data.hashes[c.id]] == data.data_set.name]
        if split.train and not own:
            continue
        decoder = _decoder(data)
        drawn_from.append([data.fingerprint, reader_settings(data.data_set.reader) if decoder else None])
        readers |= decoder
        of_cases = {c.id: list(_images_of(data, c, decoder)) for c in own}
        clean = [c for c in own if data.hashes[c.id] not in held_out and _subject(data, c) not in subjects]
        drawn = [image for c in clean for image in of_cases[c.id]]
        excluded += sum(map(len, of_cases.values())) - len(drawn)
        sources[data.data_set.name] = len(drawn)
        images += drawn
    origin = digest([sorted(drawn_from), rule] if rule else sorted(drawn_from))
    return Corpus(name, tuple(images), sources, excluded, origin, readers)


def _images_of(data: Data, case: Case, decoder: Versions) -> Iterator[CorpusImage]:
    """The image of a case, or every slice of its volume across the plane of acquisition."""
    image = CorpusImage(case.image, data.hashes[case.id], modality=data.data_set.modality)
    reader = data.data_set.reader
    volume = shows_volume(reader, case)
    if decodes_volume(reader, case) if volume else decoder:
        load = partial(load_volume if volume else load_image, data.data_set, case)
        image = replace(image, load=load, decoder=digest([decoder, reader_settings(reader)]))
    if not volume:
        yield image
        return
    axis, n_slices = _slices(image)
    yield from (replace(image, axis=axis, index=k) for k in range(n_slices))


_SLICES: dict[tuple[str, str], tuple[int, int]] = {}
"""Content and decoder of a volume without a header that could be read alone -> what `_slices` gave."""


def _slices(image: CorpusImage) -> tuple[int, int]:
    """Axis of a volume's slices in RAS orientation, and their number."""
    if image.load is None:
        return through_plane(read_grid(image.path))
    key = (image.content, image.decoder)
    if key not in _SLICES:
        volume: Any = image.load()
        _SLICES[key] = through_plane(Grid(volume.array.shape, volume.affine))
    return _SLICES[key]


def _decoder(data: Data) -> Versions:
    """The reader with its version where it decodes images or volumes itself; else none: `bench` does."""
    reader, cases = data.data_set.reader, data.cases
    own = hasattr(reader, "load_image") or any(decodes_volume(reader, case) for case in cases)
    return plugin_versions("reader", type(reader).__name__, type(reader)) if own else {}


def manifest_corpus(
    path: Path,
    sets: Sequence[tuple[Data, SplitCases]],
    copies: Collection[str] = (),
    rule: str = "",
    images: ListedImages | None = None,
) -> Corpus:
    """Images of a manifest or folder, without those that a data set under the root evaluates on, see `pool_corpus`.

    Further files of a validation or test subject are left out too, see `siblings.Siblings`. `images` are what
    `read_manifest` gave, where it was read before.

    Raises:
        DataError: the manifest or an entry of it is missing, empty or of an unknown form.
    """
    held_out, siblings = held_out_contents(sets) | set(copies), Siblings.of(sets)
    images = read_manifest(path) if images is None else images
    evaluated = [content in held_out for content, _, _ in keys_of(images)]
    clean = ~(np.array(evaluated) | np.array(siblings.among(images.paths)))
    kept = images if clean.all() else images.take(clean)
    if not kept:
        raise DataError(f"{path}: no image left to pretrain on ({len(images)} listed, all of them evaluation images).")
    origin = digest_of_list(map(list, keys_of(images)), *[rule] * bool(rule))
    name, left_out = path.absolute().name, len(images) - len(kept)
    return Corpus(name if path.is_dir() else path.stem, kept, {name: len(kept)}, left_out, origin, {})


def check_corpus_name(name: str) -> None:
    """Raise `UsageError` unless `name` is `pool`, `task`, a folder or an existing manifest."""
    path = Path(name)
    if name in ("pool", "task") or path.is_dir():
        return
    if path.suffix not in (".csv", ".toml"):
        raise UsageError(
            f"--corpus {name!r}: expected pool, task, a folder of images, or a manifest ending in .csv or .toml."
        )
    if not path.is_file():
        raise UsageError(f"--corpus {name}: no such file.")


def held_out_contents(sets: Iterable[tuple[Data, SplitCases]]) -> set[str]:
    """SHA-256 of the file of every validation and test image."""
    return {data.hashes[c.id] for data, split in sets for c in (*split.validation, *split.test)}


def held_out_subjects(sets: Iterable[tuple[Data, SplitCases]]) -> set[tuple[str, str]]:
    """Data set and name of every subject with a validation or test image."""
    held_out = (_subject(data, c) for data, split in sets for c in (*split.validation, *split.test))
    return {subject for subject in held_out if subject is not None}


def _subject(data: Data, case: Case) -> tuple[str, str] | None:
    return None if case.subject is None else (data.data_set.name, case.subject)
