"""Where arrays lie: files, names in them, and which cases they make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.task import Case
from tasks.layouts.fields import side_of
from tasks.readers.array_files import SUFFIXES, array_names, array_shape, read_array
from tasks.readers.folders import files_below
from tasks.readers.templates import FIELDS, Template, template

Place = tuple[Path, str]
"""File, and name of the array in it; empty for `.npy`."""
_FIX = "Correct `file`, `images` and `labels` of [layout], or `folder` of the data set's file."


class Stack(NamedTuple):
    """One array of images: many cases along its first axis, or one."""

    id: str
    """Of the case; without its number where there are many."""
    image: Place
    label: Place
    subjects: Place | None
    fields: Mapping[str, str]
    """Name in braces -> what stands there."""


class ArrayForm(NamedTuple):
    """Templates of files and of the names of arrays in them, or of `.npy` files, where `file` does not count."""

    file: str
    images: str
    labels: str
    subjects: str

    @property
    def text(self) -> str:
        """For error messages and `bench show`."""
        return ("" if self.plain else f"{self.file}, with the arrays ") + ", ".join(filter(None, self[1:]))

    @property
    def plain(self) -> bool:
        """Whether images and labels are `.npy` files."""
        return self.images.lower().endswith(".npy")

    @property
    def one_each(self) -> bool:
        """Whether an array is one case."""
        return "{case}" in self.images or (not self.plain and "{case}" in self.file)

    def stacks(self, folder: Path) -> list[Stack]:
        """The arrays of images, sorted. Raises `DataError` for none, and for several that nothing tells apart."""
        found = [stack for name in (files_below(folder) if folder.is_dir() else ()) for stack in self._of(folder, name)]
        if not found:
            raise self._nothing(folder)
        ids = [stack.id for stack in found]
        several = len({stack.image[0] for stack in found}) > 1 and not _named(self.images if self.plain else self.file)
        if several or len(set(ids)) < len(ids):
            raise DataError(
                f"{one_line(folder)}: several arrays are of the form {self.text}: {one_line(', '.join(ids[:3]))}.\n"
                "Name one file as `file` of [layout], or say what differs between them: {case}, {split}, {site}."
            )
        return found

    def cases(self, folder: Path, *, with_label: bool) -> Iterator[tuple[Case, Place, int | None]]:
        """Case without a target, where its label is, and its number there.

        Content keys are hashes of the case's own part, and of its label where `with_label`.
        """
        for stack in self.stacks(folder):
            names = read_array(*stack.subjects).reshape(-1).tolist() if stack.subjects else []
            numbers = [None] if self.one_each else range(_n_cases(stack, len(names) if stack.subjects else None))
            for number in numbers:
                parts = [read_array(*stack.image, number)]
                parts += [read_array(*stack.label, number)] if with_label else []
                split, site = stack.fields.get("split", ""), stack.fields.get("site")
                case = Case(
                    id=stack.id if number is None else f"{stack.id}:{number}",
                    image=stack.image[0],
                    target=None,
                    owner_split=side_of(split),
                    subject=str(names[number or 0]) if names else None,
                    labels=(stack.label[0],) if with_label else (),
                    domain=site,
                    content=_key(parts),
                )
                yield case, stack.label, number

    def places(self, case: Case) -> tuple[Place, Place, int | None]:
        """Where the image and the label of a case are, and its number in both."""
        file, *parts = case.id.split(":")
        number = None if self.one_each else int(parts.pop())
        label = case.labels[0] if case.labels else case.image
        if self.plain:
            return (case.image, ""), (label, ""), number
        fields = (template(self.file).fields(file) or {}) | dict(zip(_named(self.images), parts, strict=True))
        image_name, label_name = (template(text).filled(**fields) for text in (self.images, self.labels))
        return (case.image, image_name), (label, label_name), number

    def phantom_place(self, folder: Path, text: str, fields: Mapping[str, str]) -> Place:
        """Where a made-up array of the form `text` goes."""
        name = template(text).filled(**fields)
        if self.plain:
            return folder / Template(name).alternatives[0].replace("*", "arrays"), ""
        file = Template(Template(self.file).filled(**fields)).alternatives[0].replace("**/", "").replace("*", "arrays")
        return folder / file, name

    def _of(self, folder: Path, name: str) -> Iterator[Stack]:
        """The arrays of images in a file."""
        outer = template(self.images if self.plain else self.file).fields(name)
        if outer is None or Path(name).suffix.lower() not in SUFFIXES:
            return
        path = folder / name
        names = [""] if self.plain else array_names(path)
        if _named(self.file) and not self.plain and not any(template(self.images).fields(n) is not None for n in names):
            raise DataError(
                f"{one_line(path)}: has no array {one_line(self.images)} "
                f"(found: {one_line(', '.join(names[:8])) or 'none'}).\n{_FIX}"
            )
        for inner in names:
            within: Mapping[str, str] | None = {} if self.plain else template(self.images).fields(inner)
            if within is None or any(outer.get(key, value) != value for key, value in within.items()):
                continue
            fields = {**outer, **within}
            if "split" in fields and side_of(fields["split"]) is None:
                continue
            label, subjects = (template(text).filled(**fields) for text in (self.labels, self.subjects))
            case_id = ":".join([name, *(within[key] for key in _named(self.images))]) if not self.plain else name
            if self.plain:
                yield Stack(
                    case_id, (path, ""), (folder / label, ""), (folder / subjects, "") if subjects else None, fields
                )
            else:
                yield Stack(case_id, (path, inner), (path, label), (path, subjects) if subjects else None, fields)

    def _nothing(self, folder: Path) -> DataError:
        files = [name for name in (files_below(folder) if folder.is_dir() else ()) if name.lower().endswith(SUFFIXES)]
        found = []
        for name in files[:3]:
            arrays = ", ".join(filter(None, array_names(folder / name)[:8]))
            found.append(f"{name} ({arrays})" if arrays else name)
        shown = one_line("; ".join(found)) or "no .npy, .npz or .h5 file"
        return DataError(f"{one_line(folder)}: no arrays of the form {self.text} (found: {shown}).\n{_FIX}")


def whole_labels(place: Place) -> np.ndarray:
    """Classes (N,), whole numbers from 0. Raises `DataError` where an array holds anything else."""
    labels = read_array(*place)
    where = f"{one_line(place[0])}{f', array {place[1]!r}' if place[1] else ''}"
    if labels.ndim > 2 or (labels.ndim == 2 and labels.shape[1] != 1):
        raise DataError(
            f"{where}: labels have the shape {labels.shape}; expected one class for each case, (N,) or (N, 1).\n"
            "Several labels of one image are no single-label classification: choose one of them as a class number."
        )
    flat = labels.reshape(-1)
    if flat.size and (flat.min() < 0 or not np.array_equal(flat, np.rint(flat))):
        raise DataError(f"{where}: holds the label {flat.min():g}; expected whole numbers from 0.\nCorrect the labels.")
    return flat.astype(np.int64)


def _n_cases(stack: Stack, n_subjects: int | None) -> int:
    """Number of cases along the first axis. Raises `DataError` where images, labels and subjects are not as many."""
    counts = {"images": array_shape(*stack.image)[:1], "labels": array_shape(*stack.label)[:1]}
    counts |= {} if n_subjects is None else {"subjects": (n_subjects,)}
    if len(set(counts.values())) > 1 or not all(counts.values()):
        shown = ", ".join(f"{count[0] if count else 'one number'} {name}" for name, count in counts.items())
        raise DataError(
            f"{one_line(stack.image[0])}: {one_line(stack.id)} has {shown}; expected as many of each.\n"
            "Restore the file, or name other arrays in [layout]."
        )
    return counts["images"][0]


def _named(text: str) -> list[str]:
    return [name for name in FIELDS if f"{{{name}}}" in text]


def _key(parts: list[np.ndarray]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{part.shape} {part.dtype.str} ".encode())
        total.update(np.ascontiguousarray(part).data)
    return total.hexdigest()
