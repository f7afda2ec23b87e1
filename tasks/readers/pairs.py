"""Pairing images with the files that hold their targets, by the case name in their paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import DataError
from bench.core.task import Case, OwnerSplit
from tasks.readers.folders import advice, files_below, names_found, visible
from tasks.readers.templates import Template, template

Files = dict[str, list[str]]
"""Case name -> relative paths."""


@dataclass(frozen=True)
class Part:
    """Some cases of a data set: a split, a site, a folder. Texts are templates as `Template` reads them."""

    image: str
    labels: tuple[str, ...]
    """One per structure where each has a file of its own, else one."""
    region: str = ""
    """Pixels that are trained on and scored; empty for all."""
    optional: tuple[str, ...] = ()
    """Those of `labels` that a copy of the data set may lack altogether."""
    owner_split: OwnerSplit | None = None
    domain: str | None = None

    @property
    def companions(self) -> tuple[str, ...]:
        """The templates of all files that belong to an image: labels, then region."""
        return self.labels + ((self.region,) if self.region else ())


@dataclass(frozen=True)
class PairedFiles:
    """Base of readers of images with companion files: where the files lie, and which cases they make."""

    parts: tuple[Part, ...]

    @property
    def layout(self) -> str:
        """The expected files, one template per line."""
        return layout_of(self.parts)

    def matches(self, folder: Path) -> bool:
        """Whether the images' and their companions' folders stand where the layout wants them."""
        return looks_like(folder, self.parts)

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id. Raises `DataError` as `pair_files` does; no file is opened."""
        return pair_files(folder, self.parts)


def layout_of(parts: Sequence[Part]) -> str:
    """One line per template, for `bench show` and for error messages."""
    lines = []
    for part in parts:
        for text in (part.image, *part.companions):
            lines.append(text + (" (optional)" if text in part.optional else ""))
    return "\n".join(dict.fromkeys(lines))


def looks_like(folder: Path, parts: Sequence[Part]) -> bool:
    """Whether a folder holds the image and label folders of any part."""

    def stands(part: Part) -> bool:
        wanted = [part.image] + [text for text in part.companions if text not in part.optional]
        return all(_has_own_folder(folder, template(text)) for text in wanted)

    return any(stands(part) for part in parts)


def pair_files(folder: Path, parts: Sequence[Part]) -> list[Case]:
    """List the cases of all parts, sorted by id (the image's path relative to `folder`); targets are None.

    Raises:
        DataError: a folder is missing or has no files of the expected form, an image has no label or region, or one
            of these has no image.
    """
    files = files_below(folder)
    cases = [case for part in parts for case in _pair_part(folder, files, part, parts)]
    return sorted(cases, key=lambda case: case.id)


def _pair_part(folder: Path, files: list[str], part: Part, parts: Sequence[Part]) -> list[Case]:
    companions = {text: _matching(files, template(text)) for text in part.companions}
    claimed = {path for found in companions.values() for paths in found.values() for path in paths}
    images = _matching([path for path in files if path not in claimed], template(part.image))
    for text, found in {part.image: images, **companions}.items():
        if not found and text not in part.optional:
            raise DataError(_explain_missing(folder, template(text), parts))
    companions = {text: found for text, found in companions.items() if found}
    for text, found in companions.items():
        _check_pairs(folder, part, images, text, found)
    return [
        Case(
            id=paths[0],
            image=folder / paths[0],
            target=None,
            owner_split=part.owner_split,
            labels=tuple(folder / path for found in companions.values() for path in found[case]),
            domain=part.domain,
        )
        for case, paths in images.items()
    ]


def _matching(files: list[str], template: Template) -> Files:
    """Files of a template by case; of several alternatives only the best one that the case has."""
    found: dict[str, list[tuple[int, str]]] = {}
    for path in files:
        match = template.match(path)
        if match:
            found.setdefault(match[0], []).append((match[1], path))
    best = {case: min(rank for rank, _ in paths) for case, paths in found.items()}
    return {case: [path for rank, path in paths if rank == best[case]] for case, paths in found.items()}


def _check_pairs(folder: Path, part: Part, images: Files, text: str, found: Files) -> None:
    noun = "region" if text == part.region else "label"
    bare = sorted(images.keys() - found.keys())
    if bare:
        raise DataError(
            f"{folder / images[bare[0]][0]}: this image has no {noun} file of the form {text}{_more(bare)}.\n"
            "Unpack the owner's archive again, or remove this image."
        )
    loose = sorted(found.keys() - images.keys())
    if loose:
        raise DataError(
            f"{folder / found[loose[0]][0]}: this {noun} has no image of the form {part.image}{_more(loose)}.\n"
            f"Unpack the owner's archive again, or remove this {noun}."
        )


def _more(cases: list[str]) -> str:
    return f" ({len(cases) - 1} more like it: {', '.join(cases[1:4])})" if len(cases) > 1 else ""


def _explain_missing(folder: Path, template: Template, parts: Sequence[Part]) -> str:
    what_to_do = advice(folder, lambda place: looks_like(place, parts), layout_of(parts))
    existing = template.existing_folders(folder)
    if existing:
        found = names_found(visible(existing[0]))
        return f"{existing[0]}: no files of the form {template.file_form} in this folder ({found}).\n{what_to_do}"
    return f"{folder / template.folders[0]}: this folder is missing.\n{what_to_do}"


def _has_own_folder(folder: Path, template: Template) -> bool:
    """Whether one of the template's folders exists; a template without a folder needs a matching file."""
    named = [name for name in template.folders if name]
    if named:
        return any((folder / name).is_dir() for name in named)
    return any(template.match(path.name) for path in visible(folder) if path.is_file())
