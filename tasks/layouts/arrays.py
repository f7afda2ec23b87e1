"""Arrays: `.npz` as MedMNIST ships it, `.npy`, and `.h5` with the names of its arrays."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from bench.core.errors import DataError
from bench.core.layout import Layout
from tasks.layouts.array_form import ArrayForm, whole_labels
from tasks.layouts.array_readers import ArrayImages, ArrayMasks, ArrayVolumes
from tasks.layouts.fields import values_of
from tasks.phantoms.shapes import N_EACH, draw_class, draw_structures
from tasks.phantoms.solids import N_VOLUMES, draw_solids
from tasks.readers.array_files import write_arrays


class Arrays(Layout):
    """Images or volumes in arrays: many cases along the first axis, or with {case} one case an array."""

    kinds: ClassVar[tuple[str, ...]] = ("classification", "segmentation_2d", "segmentation_3d")
    example: ClassVar[str] = (
        'type = "arrays"\nfile = "bloodmnist.npz"\nimages = "{split}_images"\nlabels = "{split}_labels"'
    )

    file: str = Field("*.{npz,h5,hdf5}", description="Template of the file or files; {case}, {split}, {site}.")
    images: str = Field(
        "{split}_images", description="Name of the array of images or volumes in it; or a template of .npy files."
    )
    labels: str = Field("{split}_labels", description="Likewise of the classes, masks or label maps.")
    subjects: str = Field("", description="Likewise of numbers of patients, one a case.")
    values: dict[str, int] = Field(
        default_factory=dict, description="Label maps: a table of class = value; 0 is background; default: 1, 2, ..."
    )
    axes: Literal["xyz", "zyx"] = Field(
        "xyz", description="Volumes: order of the axes, to the right, to the front and upwards, or the reverse."
    )
    spacing: tuple[float, float, float] = Field(
        (1.0, 1.0, 1.0), description="Volumes: millimetres between voxels along x, y and z."
    )

    @model_validator(mode="after")
    def _check_files(self) -> Arrays:
        plain = [text.lower().endswith(".npy") for text in (self.images, self.labels, self.subjects) if text]
        if len(set(plain)) > 1:
            raise ValueError("images, labels and subjects must all be .npy files, or all names of arrays in `file`")
        return self

    @field_validator("spacing")
    @classmethod
    def _check_spacing(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(value) <= 0:
            raise ValueError("must be above 0")
        return value

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """For classification the numbers of the classes as text; else the names of `values`."""
        if kind != "classification":
            return tuple(self.values)
        labels = [whole_labels(stack.label) for stack in self._form().stacks(folder)]
        return tuple(map(str, range(max(int(found.max(initial=0)) for found in labels) + 1)))

    def sites(self, folder: Path, kind: str) -> tuple[str, ...]:
        """What stands at {site}, sorted."""
        stacks = self._form().stacks(folder)
        return tuple(sorted({stack.fields["site"] for stack in stacks if "site" in stack.fields}))

    def reader(self, kind: str, classes: tuple[str, ...]) -> ArrayImages | ArrayMasks | ArrayVolumes:
        """Reads the arrays. Raises `DataError` where `values` are not those of the classes."""
        if kind == "classification":
            if self.values:
                raise DataError("[layout] has `values`, which classification does not read.\nTake it out.")
            return ArrayImages(self._form(), classes)
        values = values_of(self.values, classes)
        if kind == "segmentation_2d":
            return ArrayMasks(self._form(), classes, values)
        return ArrayVolumes(self._form(), classes, values, self.axes, self.spacing)

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write images of 64 x 64 pixels or volumes of 32 x 32 x 12 voxels, and their labels, for each site."""
        form, number = self._form(), 0
        stored: dict[Path, dict[str, np.ndarray]] = {}
        for k, site in enumerate(sites or ("site",)):
            for split in ("train", "test"):
                drawn = self._drawn(kind, classes, [seed, 56, k, split == "test"])
                if not form.one_each:
                    drawn = [tuple(np.stack(parts) for parts in zip(*drawn, strict=True))]
                for parts in drawn:
                    fields = {"site": site, "split": split, "case": f"case{number:03d}"}
                    number += 1
                    subjects = np.arange(len(parts[0])) + 1000 * number
                    for text, array in zip(form[1:], (*parts, subjects), strict=True):
                        if text:
                            path, name = form.phantom_place(folder, text, fields)
                            stored.setdefault(path, {})[name] = array
        for path, arrays in stored.items():
            write_arrays(path, arrays)

    def _drawn(self, kind: str, classes: tuple[str, ...], seed: list[int]) -> list[tuple[np.ndarray, ...]]:
        values = np.array([0, *(values_of(self.values, classes) or (1,))])
        found: list[tuple[np.ndarray, ...]] = []
        number = {"classification": N_EACH * len(classes), "segmentation_2d": N_EACH}.get(kind, N_VOLUMES)
        for i in range(number):
            rng = np.random.default_rng([*seed, i])
            if kind == "classification":
                image, label = draw_class(rng, i % len(classes), len(classes)), np.array([i % len(classes)])
            elif kind == "segmentation_2d":
                image, masks = draw_structures(rng, len(classes))
                label = values[np.sum([(k + 1) * mask for k, mask in enumerate(masks)], axis=0)]
            else:
                image, numbers = draw_solids(rng, len(classes))
                label = values[numbers]
                image, label = (a.transpose(2, 1, 0) if self.axes == "zyx" else a for a in (image, label))
            whole = np.rint(image) if kind == "segmentation_3d" else np.clip(np.rint(image), 0, 255).astype(np.uint8)
            found.append((whole, label))
        return found

    def _form(self) -> ArrayForm:
        return ArrayForm(self.file, self.images, self.labels, self.subjects)
