"""Pascal VOC: one XML file of boxes for each image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar
from xml.etree import ElementTree

from pydantic import Field

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.reading import Unusable, reading
from bench.core.task import Box, BoxTarget, Case, OwnerSplit
from bench.data.decoding.images import read_size
from tasks.layouts.boxed import BoxedImages, drawn_boxes, images_below, small_text
from tasks.layouts.fields import class_index, require_cases, side_of, sorted_names
from tasks.phantoms.drawing import save_image
from tasks.readers.boxes import finite, make_target, n_pixels
from tasks.readers.folders import names_found, visible

_FIX = "Correct this file, or restore it from the owner's archive."
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_LISTS = ("train", "val", "test")
"""Names of the lists that make a split; `trainval` is read where neither of its parts is there, and no other list."""


class Voc(Layout):
    """Pascal VOC XML: a file of boxes for each image, and lists of the images of each split where there are any."""

    kinds: ClassVar[tuple[str, ...]] = ("detection",)
    example: ClassVar[str] = 'type = "voc"\nimages = "JPEGImages"\nannotations = "Annotations"'

    images: str = Field("JPEGImages", description="Folder of the images.")
    annotations: str = Field("Annotations", description="Folder of the XML files, which are named as their images.")
    splits: str = Field(
        "ImageSets/Main", description="Folder of train.txt, val.txt and test.txt; where none is there, no split is."
    )
    one_based: bool = Field(
        True,
        description="Whether pixels count from 1 and boxes hold their last one, as in VOC; else corners are taken as "
        "they are.",
    )
    difficult: bool = Field(True, description="Whether objects that are marked as difficult are used.")

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """Names of all objects, sorted."""
        files = _annotation_files(folder / self.annotations)
        return sorted_names(_text(path, one, "name") for path in files for one in _objects(path, _parse(path)))

    def reader(self, kind: str, classes: tuple[str, ...]) -> VocBoxes:
        """Reads the images with their boxes."""
        return VocBoxes(classes, self.images, self.annotations, self.splits, self.one_based, self.difficult)

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write 24 images of 64 x 64 pixels, their boxes, and lists of a split. Raises `DataError` for sites."""
        if sites:
            super().write_phantom(folder, kind, classes, seed, sites)
        lists: dict[str, list[str]] = {}
        (folder / self.annotations).mkdir(parents=True, exist_ok=True)
        for name, split, pixels, boxes in drawn_boxes(len(classes), seed, 53):
            save_image(pixels, folder / self.images / f"{name}.jpg")
            root = ElementTree.Element("annotation")
            ElementTree.SubElement(root, "filename").text = f"{name}.jpg"
            size = ElementTree.SubElement(root, "size")
            for key, value in zip(("width", "height"), pixels.shape[1::-1], strict=True):
                ElementTree.SubElement(size, key).text = str(value)
            for box in boxes:
                one = ElementTree.SubElement(root, "object")
                ElementTree.SubElement(one, "name").text = classes[box.label]
                corners = ElementTree.SubElement(one, "bndbox")
                for key, number in zip(_CORNERS, box[1:], strict=True):
                    value = number + (self.one_based and key.endswith("min"))
                    ElementTree.SubElement(corners, key).text = f"{value:g}"
            text = ElementTree.tostring(root, encoding="unicode")
            (folder / self.annotations / f"{name}.xml").write_text(text, encoding="utf-8")
            lists.setdefault(split, []).append(name)
        (folder / self.splits).mkdir(parents=True, exist_ok=True)
        for split, names in lists.items():
            (folder / self.splits / f"{split}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class VocBoxes(BoxedImages):
    """Reader of images with an XML file of boxes each."""

    version: ClassVar[int] = 1

    images: str
    annotations: str
    splits: str
    one_based: bool
    difficult: bool

    @property
    def layout(self) -> str:
        """The files, one form a line."""
        return (
            f"{self.images}/{{case}}.{{jpg,png,...}}\n{self.annotations}/{{case}}.xml\n"
            f"{self.splits}/{{train,val,test}}.txt (optional)"
        )

    def matches(self, folder: Path) -> bool:
        """Whether the two folders are there."""
        return (folder / self.images).is_dir() and (folder / self.annotations).is_dir()

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id (the image's path relative to the folder).

        Where there are lists of splits, images in none of them are left out.

        Raises:
            DataError: a folder is missing, an image has no XML file or the reverse, a file is no XML of this form or
                declares a DOCTYPE, an object's name is no class, or its box is none; the message names the file.
        """
        files = {path.stem: path for path in _annotation_files(folder / self.annotations)}
        if not (folder / self.images).is_dir():
            raise _missing(folder / self.images, folder)
        images = {name: path for name, path in images_below(folder / self.images).items() if "/" not in name}
        for name in sorted(images.keys() ^ files.keys()):
            path, lacks = (images[name], "XML file") if name in images else (files[name], "image")
            raise DataError(
                f"{one_line(path)}: it has no {lacks} of its name.\nRestore it, or remove this file. Expected:\n"
                f"{self.layout}"
            )
        splits = _splits(folder / self.splits, images)
        cases = []
        for name, path in files.items():
            if name in splits or not splits:
                image = images[name]
                place = image.relative_to(folder).as_posix()
                cases.append(Case(place, image, self._target(path, image), splits.get(name)))
        return require_cases(cases, folder, (), self.layout)

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """As every reader of boxes, and how many images are in no list of a split."""
        folder = cases[0].image.parents[len(PurePosixPath(self.images).parts)]
        n_left = len(_annotation_files(folder / self.annotations)) - len(cases)
        left = f"{n_left} images are in none of the lists in {self.splits} and are not used."
        return (*super().remarks(cases), *[left] * (n_left > 0))

    def _target(self, path: Path, image: Path) -> BoxTarget:
        root = _parse(path)
        width, height = _size(path, root, image)
        boxes = []
        for number, one in enumerate(_objects(path, root), start=1):
            place = f"{one_line(path)}, object {number}"
            if not self.difficult and _text(path, one, "difficult", "0").strip() == "1":
                continue
            label = class_index(_text(path, one, "name"), self.labels, place)
            corners = [_number(place, path, one, f"bndbox/{key}") for key in _CORNERS]
            if self.one_based:
                corners[:2] = [value - 1 for value in corners[:2]]
            boxes.append((place, Box(label, *corners)))
        return make_target(boxes, width, height)


def _missing(path: Path, folder: Path) -> DataError:
    found = names_found(visible(folder)) if folder.is_dir() else "found: nothing"
    return DataError(
        f"{one_line(path)}: this folder is missing ({one_line(found)}).\nCorrect `images` and `annotations` of "
        "[layout], or `folder` of the data set's file."
    )


def _annotation_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise _missing(folder, folder.parent)
    return [path for path in visible(folder) if path.suffix.lower() == ".xml"]


def _parse(path: Path) -> ElementTree.Element:
    """The root of an XML file without a DOCTYPE, so that no entity is expanded and no other file is read."""
    with reading(path, _FIX, what="is no VOC file"):
        text = small_text(path)
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise Unusable("it declares a DOCTYPE, which annotations have no need of")
        return ElementTree.fromstring(text)


def _objects(path: Path, root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    if root.tag != "annotation":
        raise DataError(f"{one_line(path)}: its root is <{one_line(root.tag)}>; expected <annotation>.\n{_FIX}")
    yield from root.iterfind("object")


def _text(path: Path, element: ElementTree.Element, key: str, default: str | None = None) -> str:
    found = element.findtext(key)
    text = default if found is None or not found.strip() else found.strip()
    if text is None:
        raise DataError(f"{one_line(path)}: <{element.tag}> has no <{key}>.\n{_FIX}")
    return text


def _number(place: str, path: Path, element: ElementTree.Element, key: str) -> float:
    text = _text(path, element, key)
    try:
        return finite(f"{place}: {key}", float(text))
    except ValueError:
        raise DataError(f"{place}: {key} must be a number; found {one_line(text)!r}.\n{_FIX}") from None


def _size(path: Path, root: ElementTree.Element, image: Path) -> tuple[int, int]:
    """Width and height as stated, or the image's where they are not (some tools write 0)."""
    stated = [_text(path, root, f"size/{key}", "0") for key in ("width", "height")]
    if all(text in ("0", "") for text in stated):
        height, width = read_size(image)
        return width, height
    numbers = (_number(f"{one_line(path)}", path, root, f"size/{key}") for key in ("width", "height"))
    width, height = (n_pixels(f"{one_line(path)}: size", value) for value in numbers)
    return width, height


def _splits(folder: Path, images: dict[str, Path]) -> dict[str, OwnerSplit]:
    """Image -> split, by the lists that are there. Raises `DataError` for a name that is no image or is in two."""
    found: dict[str, OwnerSplit] = {}
    lists = [folder / f"{name}.txt" for name in _LISTS]
    if not any(path.is_file() for path in lists[:2]):
        lists.append(folder / "trainval.txt")
    for path in filter(Path.is_file, lists):
        side = side_of(path.stem.removesuffix("val") or path.stem)
        with reading(path, "Correct the list, or remove it."):
            names = [line.split()[0] for line in small_text(path).splitlines() if line.split()]
        for name in names:
            if name not in images:
                raise DataError(
                    f"{one_line(path)}: names {one_line(name)!r}, and there is no such image.\nCorrect the list."
                )
            if found.get(name, side) != side:
                raise DataError(
                    f"{one_line(path)}: {one_line(name)!r} is in the list of {found[name]} too.\nRemove one."
                )
            found[name] = side  # type: ignore[assignment]
    return found
