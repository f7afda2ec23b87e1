"""Images and masks found by templates of their paths."""

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
from tasks.layouts.fields import IMAGE_SUFFIXES, require_cases, require_side, values_beside
from tasks.phantoms.drawing import save_image, save_mask
from tasks.phantoms.shapes import N_EACH, draw_structures
from tasks.readers.folders import files_below
from tasks.readers.mask_files import MAP, REGION, MaskFiles
from tasks.readers.pairs import Part, layout_of
from tasks.readers.templates import FIELDS, template


class Masks(Layout):
    """Images, and masks of the same case: one for each structure, or several that are united, or a label map."""

    kinds: ClassVar[tuple[str, ...]] = ("segmentation_2d",)
    example: ClassVar[str] = 'type = "masks"\nimages = "{case}/images/*.png"\nmasks = "{case}/masks/*.png"'

    images: str = Field(description="Template of the images: {case} names a case, * is anything; {split}, {site}.")
    masks: str | dict[str, str] = Field(
        description="Template of the masks, or a table of structure = template; several masks of a case are united."
    )
    region: str = Field("", description="Template of the pixels that count, such as a field of view.")
    values: dict[str, int] = Field(
        default_factory=dict, description="The masks are label maps: a table of structure = value; 0 is background."
    )
    lossy: bool = Field(False, description="Masks are JPEGs: they are cut at half.")

    @field_validator("images", "masks", "region")
    @classmethod
    def _check_templates(cls, value: str | dict[str, str]) -> str | dict[str, str]:
        for text in value.values() if isinstance(value, dict) else [value] if value else []:
            if "{case}" not in text:
                raise ValueError(f"the template {text!r} has no {{case}}, which pairs masks with images")
            if "{class}" in text:
                raise ValueError(f"the template {text!r} has {{class}}; give a table of structure = template instead")
        return value

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """The structures that the options name, else one, `structure`."""
        return self._names() or ("structure",)

    def sites(self, folder: Path, kind: str) -> tuple[str, ...]:
        """What stands at {site} of the images, sorted."""
        fields = (template(self.images).fields(path) for path in files_below(folder))
        return tuple(sorted({found["site"] for found in fields if found and "site" in found}))

    def reader(self, kind: str, classes: tuple[str, ...]) -> TemplateMasks:
        """Reads images and masks. Raises `DataError` where the structures named here are not the classes."""
        masks = self.masks if isinstance(self.masks, dict) else {}
        values = values_beside(masks, self.values, classes)
        if not (masks or values) and len(classes) > 1:
            raise DataError(
                f"[layout] has one template of masks for {len(classes)} classes ({', '.join(classes)}).\n"
                f'Give masks a table, as masks = {{ {classes[0]} = "...", {classes[1]} = "..." }}, or `values`.'
            )
        texts = tuple(self.masks[name] for name in classes) if isinstance(self.masks, dict) else (self.masks,)
        return TemplateMasks(classes, values, self.lossy, self.images, texts, self.region)

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write images of 64 x 64 pixels, twelve for each site, and their masks."""
        reader = self.reader(kind, classes)
        for k, site in enumerate(sites or ("site",)):
            for i in range(2 * N_EACH):
                image, masks = draw_structures(np.random.default_rng([seed, 51, k, i]), len(classes))
                fields = {"case": f"case{i:03d}", "site": site, "split": "test" if i % 4 == 3 else "train"}
                save_image(image, folder / _written(self.images, fields))
                if reader.values:
                    labels = sum(value * mask for value, mask in zip(reader.values, masks, strict=True))
                    save_image(np.asarray(labels), folder / _written(reader.masks[0], fields))
                else:
                    for text, mask in zip(reader.masks, masks, strict=True):
                        save_mask(mask, folder / _written(text, fields))
                if self.region:
                    save_mask(np.ones(image.shape[:2], dtype=bool), folder / _written(self.region, fields))

    def _names(self) -> tuple[str, ...]:
        return tuple(self.values) or (tuple(self.masks) if isinstance(self.masks, dict) else ())


@dataclass(frozen=True)
class TemplateMasks(MaskFiles):
    """Reader of images and masks whose paths have the forms of templates."""

    version: ClassVar[int] = 1

    images: str
    masks: tuple[str, ...]
    """One for each structure, or one alone."""
    region: str

    @property
    def layout(self) -> str:
        """The templates, one a line."""
        return layout_of([Part(self.images, self.masks, self.region)])

    def matches(self, folder: Path) -> bool:
        """Whether an image stands where the template has it."""
        return folder.is_dir() and any(map(template(self.images).fields, files_below(folder)))

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id.

        Raises:
            DataError: no image, an image without a mask or a mask without an image, or two images of one case.
        """
        files = files_below(folder)
        companions = [text for text in (*self.masks, self.region) if text]
        claimed = {path for text in companions for path, _ in _of_form(files, text)}
        images = _of_form([path for path in files if path not in claimed], self.images)
        wanted = f"images of the form {self.images}"
        if not images:
            require_cases([], folder, (), wanted)
        paired = {text: _pairs(folder, images, self.images, files, text) for text in dict.fromkeys(companions)}
        cases = [self._case(folder, path, fields, paired) for path, fields in images]
        return require_cases(cases, folder, (), wanted)

    def _case(self, folder: Path, path: str, fields: dict[str, str], paired: dict[str, dict[str, list[str]]]) -> Case:
        place = one_line(folder / path)
        found = [(name, MAP if self.values else i) for i, t in enumerate(self.masks) for name in paired[t][path]]
        if not found:
            raise DataError(
                f"{place}: this image has no mask of the form {' or '.join(self.masks)}.\n"
                "Add one (all 0 where nothing is there), or remove the image."
            )
        found += [(name, REGION) for name in (paired[self.region][path] if self.region else ())]
        labels, target = tuple(folder / name for name, _ in found), tuple(what for _, what in found)
        split = require_side(fields["split"], place) if "split" in fields else None
        return Case(path, folder / path, target, split, labels=labels, domain=fields.get("site"))


Found = list[tuple[str, dict[str, str]]]
"""Relative path of a file, and what stands at the fields of a template."""


def _of_form(files: list[str], text: str) -> Found:
    found = ((path, template(text).fields(path)) for path in files)
    return [(path, fields) for path, fields in found if fields]


def _pairs(folder: Path, images: Found, form: str, files: list[str], text: str) -> dict[str, list[str]]:
    """Path of each image -> its files of a template, those that agree with it in all fields that both have.

    Raises:
        DataError: two images with the same fields, a file that fits two images, or one that fits none.
    """
    found = _of_form(files, text)
    shared = [name for name in FIELDS if f"{{{name}}}" in text and f"{{{name}}}" in form]
    of_image = {path: tuple(fields[name] for name in shared) for path, fields in images}
    owner: dict[tuple[str, ...], str] = {}
    for path, key in of_image.items():
        if key in owner:
            raise DataError(
                f"{one_line(folder / path)}: a file of the form {text} would be of two images, this one and "
                f"{one_line(owner[key])}.\nMake `images` of [layout] fit one file a case, or put into both templates "
                "what tells the images apart ({case}, {site}, {split})."
            )
        owner[key] = path
    pairs: dict[str, list[str]] = {path: [] for path in of_image}
    loose: list[str] = []
    for path, fields in found:
        image = owner.get(tuple(fields[name] for name in shared))
        (loose if image is None else pairs[image]).append(path)
    if loose:
        more = f" ({len(loose) - 1} more like it)" if len(loose) > 1 else ""
        raise DataError(
            f"{one_line(folder / loose[0])}: this file of the form {text} has no image of the form {form}{more}.\n"
            "Correct the templates of [layout], or remove this file."
        )
    return pairs


def _written(text: str, fields: dict[str, str]) -> str:
    """A path of the form of a template."""
    path = template(template(text).alternatives[0].replace("**/", "")).filled(**fields).replace("*", "0")
    return path if Path(path).suffix.lower() in IMAGE_SUFFIXES else f"{path}.png"
