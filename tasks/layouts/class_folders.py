"""Images sorted into folders of their class, with folders of splits or sites above or below them or without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.task import Case
from tasks.layouts.fields import IMAGE_SUFFIXES, class_index, require_cases, require_side, side_of, sorted_names
from tasks.phantoms.drawing import save_image
from tasks.phantoms.shapes import N_EACH, draw_class
from tasks.readers.folders import files_below, names_found, visible
from tasks.readers.templates import Template, template

_PLAIN, _SPLIT = "{class}/**/*", "{split}/{class}/**/*"


class ClassFolders(Layout):
    """A folder for each class; above them may be train, validation and test."""

    kinds: ClassVar[tuple[str, ...]] = ("classification",)
    example: ClassVar[str] = 'type = "class_folders"'

    images: str = Field(
        "",
        description="Template of the images, such as {site}/{class}/*.png or {split}/{class}/*; default: {class}/**/*, "
        "below {split} where all folders are named as splits (train, val, test, ...).",
    )
    suffixes: tuple[str, ...] = Field(IMAGE_SUFFIXES, description="Suffixes of images, in lower case.")

    @field_validator("images")
    @classmethod
    def _check_images(cls, text: str) -> str:
        if text and "{class}" not in text:
            raise ValueError("a template without {class}")
        return text

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """Names of the class folders, sorted."""
        return sorted_names(fields["class"] for _, fields in self._found(folder))

    def sites(self, folder: Path, kind: str) -> tuple[str, ...]:
        """What stands at {site}, sorted."""
        return tuple(sorted({fields["site"] for _, fields in self._found(folder) if "site" in fields}))

    def reader(self, kind: str, classes: tuple[str, ...]) -> FolderImages:
        """Reads the images with their class."""
        return FolderImages(self.images, self.suffixes, classes)

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write PNGs of 64 x 64 pixels, twelve for each class (and site)."""
        text = Template(self.images or _PLAIN).alternatives[0].replace("**/", "")
        for k, site in enumerate(sites or ("",)):
            for label, name in enumerate(classes):
                for i in range(N_EACH):
                    rng = np.random.default_rng([seed, 50, k, label, i])
                    split = "test" if i % 4 == 3 else "train"
                    fields = {"class": name, "site": site, "split": split, "case": f"{i:03d}"}
                    path = Template(text).filled(**fields).replace("*", f"{name}_{i:03d}")
                    path = path if Path(path).suffix.lower() in self.suffixes else f"{path}{self.suffixes[0]}"
                    save_image(draw_class(rng, label, len(classes)), folder / path)

    def _found(self, folder: Path) -> list[tuple[str, dict[str, str]]]:
        return found_images(folder, self.images, self.suffixes)


@dataclass(frozen=True)
class FolderImages:
    """Reader of images whose paths tell their class, and their split and site where a template says so."""

    version: ClassVar[int] = 1

    images: str
    """Template; empty: the plain form, or that with splits above."""
    suffixes: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def layout(self) -> str:
        """The template of the images."""
        text = self.images or f"{_PLAIN}, or {_SPLIT}"
        return f"{text} (classes {', '.join(self.classes)}; suffixes {', '.join(self.suffixes)})"

    def matches(self, folder: Path) -> bool:
        """Whether any image stands where the template has it."""
        return folder.is_dir() and bool(found_images(folder, self.images, self.suffixes))

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id.

        Raises:
            DataError: no image, a folder that is no class or no split, or a class without an image.
        """
        cases = []
        for name, fields in found_images(folder, self.images, self.suffixes):
            place = one_line(folder / name)
            split = require_side(fields["split"], place) if "split" in fields else None
            target = class_index(fields["class"], self.classes, place)
            cases.append(Case(name, folder / name, target, split, domain=fields.get("site")))
        return require_cases(cases, folder, self.classes, self.layout)


def found_images(folder: Path, images: str, suffixes: tuple[str, ...]) -> list[tuple[str, dict[str, str]]]:
    """Relative path of each image and what stands at the fields of the template."""
    if not folder.is_dir():
        raise DataError(f"{one_line(folder)}: there is no such folder.\nCorrect `folder` of the data set's file.")
    chosen = template(images or _default(folder))
    found = ((path, chosen.fields(path)) for path in files_below(folder) if Path(path).suffix.lower() in suffixes)
    return [(path, fields) for path, fields in found if fields]


def _default(folder: Path) -> str:
    """The template of a folder: with splits where all its folders are named as such, and hold folders."""
    names = [path for path in visible(folder) if path.is_dir()]
    sides = [path for path in names if side_of(path.name)]
    if sides and len(sides) == len(names):
        return _SPLIT
    if len(sides) > 1:
        other = next(path for path in names if not side_of(path.name))
        raise DataError(
            f"{one_line(other)}: this folder stands beside those of splits ({names_found(sides)}).\n"
            'Move it away, or say in [layout] where classes are: images = "{split}/{class}/*" or "{class}/*".'
        )
    return _PLAIN
