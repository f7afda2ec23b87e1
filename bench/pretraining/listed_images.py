"""The images of a manifest as columns: a million take 150 MB, and processes that are forked share them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from bench.pretraining.corpus_image import CorpusImage

NO_AXIS = -1
"""Of an image that is no slice of a volume."""
Key = tuple[str, int | None, int]
"""SHA-256 (hex) of the file, axis and index of the slice."""


@dataclass(frozen=True)
class Files:
    """Files of images and volumes, one row each."""

    names: bytes
    """Paths, one after the other, as the system has them."""
    ends: NDArray[np.int64]
    """(F,) where each path ends."""
    contents: NDArray[np.uint8]
    """(F, 32) SHA-256."""
    axes: NDArray[np.int8]
    """(F,) axis of a volume's slices, or `NO_AXIS`."""
    modalities: NDArray[np.int32]
    """(F,) place among `modality_names`."""
    modality_names: tuple[str, ...]

    @classmethod
    def of(cls, paths: Sequence[str], contents: np.ndarray, axes: Sequence[int], modalities: Sequence[str]) -> Files:
        """From one value a file."""
        names = {name: place for place, name in enumerate(dict.fromkeys(modalities))}
        encoded = list(map(os.fsencode, paths))
        return cls(
            b"".join(encoded),
            np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded))),
            contents,
            np.array(axes, np.int8),
            np.fromiter(map(names.__getitem__, modalities), np.int32, len(modalities)),
            tuple(names),
        )

    def path(self, row: int) -> str:
        """Path of one file."""
        return os.fsdecode(self.names[self.ends[row - 1] if row else 0 : self.ends[row]])


class ListedImages(Sequence[CorpusImage]):
    """Images and slices of files; each is made into a `CorpusImage` when it is asked for.

    Args:
        files: Where they are.
        rows: (N,) the file of each.
        indices: (N,) the slice of each, 0 for an image.
    """

    def __init__(self, files: Files, rows: np.ndarray, indices: np.ndarray) -> None:
        self.files = files
        self.rows: NDArray[np.int32] = rows.astype(np.int32, copy=False)
        self.indices: NDArray[np.int32] = indices.astype(np.int32, copy=False)

    @classmethod
    def once(cls, files: Files, slices: Sequence[int]) -> ListedImages:
        """Every image, and so many slices of each volume; of equal contents the first."""
        counts = np.array(slices, np.int64)
        rows = np.repeat(np.arange(len(counts)), counts)
        indices = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return cls(files, rows, indices).take(_first_of_each(files, rows, indices))

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> CorpusImage: ...
    @overload
    def __getitem__(self, place: slice) -> ListedImages: ...
    def __getitem__(self, place: int | slice) -> CorpusImage | ListedImages:
        """One image, or those of a slice."""
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        row, files = int(self.rows[place]), self.files
        axis = int(files.axes[row])
        return CorpusImage(
            Path(files.path(row)),
            files.contents[row].tobytes().hex(),
            None if axis == NO_AXIS else axis,
            int(self.indices[place]),
            files.modality_names[files.modalities[row]],
        )

    def take(self, places: np.ndarray) -> ListedImages:
        """The images at some places, or where a mask is true."""
        return ListedImages(self.files, self.rows[places], self.indices[places])

    @property
    def paths(self) -> Iterator[str]:
        """Path of each image."""
        return map(self.files.path, self.rows.tolist())

    @property
    def keys(self) -> Iterator[Key]:
        """What each image is."""
        hashes, axes = self.files.contents, self.files.axes[self.rows].tolist()
        for row, axis, index in zip(self.rows.tolist(), axes, self.indices.tolist(), strict=True):
            yield hashes[row].tobytes().hex(), None if axis == NO_AXIS else axis, index

    @property
    def modalities(self) -> list[str]:
        """Modality of each image."""
        names = self.files.modality_names
        return [names[place] for place in self.files.modalities[self.rows].tolist()]


def _first_of_each(files: Files, rows: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """The first place of each content, axis and index, in order."""
    words = np.ascontiguousarray(files.contents).view(np.uint64)[rows]  # (N, 4)
    columns = [indices, files.axes[rows], *words.T]
    order = np.lexsort(columns)
    new = np.ones(len(order), bool)
    new[1:] = np.any([column[order][1:] != column[order][:-1] for column in columns], axis=0)
    return np.sort(order[new])  # the sort is stable, so that the first of equal ones comes first


def keys_of(images: Sequence[CorpusImage]) -> Iterable[Key]:
    """What each image is, whatever holds them."""
    if isinstance(images, ListedImages):
        return images.keys
    return ((image.content, image.axis, image.index) for image in images)


def modalities_of(images: Sequence[CorpusImage]) -> list[str]:
    """Modality of each image, whatever holds them."""
    return images.modalities if isinstance(images, ListedImages) else [image.modality for image in images]


def taken(images: Sequence[CorpusImage], places: np.ndarray) -> Sequence[CorpusImage]:
    """The images at some places, each as often as it is named."""
    return images.take(places) if isinstance(images, ListedImages) else [images[place] for place in places.tolist()]
