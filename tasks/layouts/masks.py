"""Images and masks found by templates of their paths."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.task import Case
from tasks.layouts.fields import IMAGE_SUFFIXES, require_cases, require_side
from tasks.phantoms.drawing import save_image, save_mask
from tasks.phantoms.shapes import N_EACH, draw_structures
from tasks.readers.folders import files_below
from tasks.readers.mask_files import MAP, REGION, MaskFiles
from tasks.readers.pairs import Part, layout_of, pair_files
from tasks.readers.templates import template


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
        named = self._names()
        if named and set(named) != set(classes):
            raise DataError(
                f"[layout] has masks or values of {', '.join(named)}, and the classes are {', '.join(classes)}.\n"
                "Name the same in both, or leave `classes` out."
            )
        if not named and len(classes) > 1:
            raise DataError(
                f"[layout] has one template of masks for {len(classes)} classes ({', '.join(classes)}).\n"
                f'Give masks a table, as masks = {{ {classes[0]} = "...", {classes[1]} = "..." }}, or `values`.'
            )
        texts = tuple(self.masks[name] for name in classes) if isinstance(self.masks, dict) else (self.masks,)
        values = tuple(self.values[name] for name in classes) if self.values else ()
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
        cases = list(chain.from_iterable(self._cases(folder, files, part) for part in self._parts(folder, files)))
        return require_cases(cases, folder, (), f"images of the form {self.images}")

    def _parts(self, folder: Path, files: list[str]) -> list[Part]:
        """One for each site and split that images stand in, with a region where there is any file of one."""
        claimed = [template(text) for text in (*self.masks, self.region) if text]
        images = [path for path in files if not any(one.fields(path) for one in claimed)]
        found = [(path, fields) for path in images if (fields := template(self.images).fields(path))]
        _check_one_each(folder, found)
        places = {(fields.get("site"), fields.get("split")): path for path, fields in reversed(found)}
        parts = []
        for (site, side), path in sorted(places.items(), key=lambda item: item[1]):
            fields = {name: value for name, value in (("site", site), ("split", side)) if value is not None}
            image, region, *masks = (template(t).filled(**fields) for t in (self.images, self.region, *self.masks))
            region = region if any(template(region).fields(path) for path in files) else ""
            split = require_side(side, one_line(folder / path)) if side is not None else None
            parts.append(Part(image, tuple(masks), region, tuple(masks[1:] and masks), split, site))
        return parts

    def _cases(self, folder: Path, files: list[str], part: Part) -> list[Case]:
        cases = pair_files(folder, [part])
        found = []
        for case in cases:
            target = tuple(self._what(path.relative_to(folder).as_posix(), part) for path in case.labels)
            if not set(target) - {REGION}:
                raise DataError(
                    f"{one_line(case.image)}: this image has no mask of the form {' or '.join(part.labels)}.\n"
                    "Add one (without structure, all 0), or remove the image."
                )
            found.append(Case(case.id, case.image, target, case.owner_split, None, case.labels, case.domain))
        return found

    def _what(self, path: str, part: Part) -> int:
        if part.region and template(part.region).fields(path):
            return REGION
        if self.values:
            return MAP
        return next(index for index, text in enumerate(part.labels) if template(text).fields(path))


def _check_one_each(folder: Path, found: list[tuple[str, dict[str, str]]]) -> None:
    """Raise `DataError` where two files are images of one case."""
    keys = Counter(tuple(sorted(fields.items())) for _, fields in found)
    for path, fields in found:
        if keys[tuple(sorted(fields.items()))] > 1:
            raise DataError(
                f"{one_line(folder / path)}: the case {one_line(fields['case'])!r} has more than one image.\n"
                "Make `images` of [layout] fit one file a case, or put {case} where the files differ."
            )


def _written(text: str, fields: dict[str, str]) -> str:
    """A path of the form of a template."""
    path = template(template(text).alternatives[0].replace("**/", "")).filled(**fields).replace("*", "0")
    return path if Path(path).suffix.lower() in IMAGE_SUFFIXES else f"{path}.png"
