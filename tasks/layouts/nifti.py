"""NIfTI volumes with label maps, by templates or as nnU-Net and the Decathlon lay them out."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.reading import Unusable, json_of, reading, text_of
from tasks.layouts.fields import values_of
from tasks.phantoms.solids import N_VOLUMES, draw_solids
from tasks.readers.nifti_volumes import NiftiVolumes
from tasks.readers.pairs import Part
from tasks.readers.templates import Template

_FIX = "Correct this file, or restore it from the owner's archive."


class Nifti(Layout):
    """A volume and a label map of the same case, NIfTI files both."""

    kinds: ClassVar[tuple[str, ...]] = ("segmentation_3d",)
    example: ClassVar[str] = 'type = "nifti"\nimages = "imagesTr/{case}_0000.nii.gz"\nlabels = "labelsTr/{case}.nii.gz"'

    images: str = Field(
        "imagesTr/{case}_0000.{nii.gz,nii}", description="Template of the volumes: {case} pairs them with label maps."
    )
    labels: str = Field("labelsTr/{case}.{nii.gz,nii}", description="Template of the label maps.")
    test_images: str = Field("", description="Likewise of the owner's test split, where its labels are known.")
    test_labels: str = Field("", description="Likewise.")
    values: dict[str, int] = Field(
        default_factory=dict,
        description="A table of class = value in the label maps; 0 is background; default: as dataset.json has them, "
        "else 1, 2, ...",
    )

    @field_validator("images", "labels", "test_images", "test_labels")
    @classmethod
    def _check_templates(cls, text: str) -> str:
        if text and ("{case}" not in text or any(f"{{{name}}}" in text for name in ("split", "site", "class"))):
            raise ValueError(
                f"the template {text!r} must have {{case}}, and no {{split}} or {{site}}: test_images and "
                "test_labels are the owner's test split, the key `site` tells sites from paths"
            )
        return text

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """The names in `values`, else in nnU-Net's dataset.json; none without."""
        if self.values:
            return tuple(self.values)
        path = folder / "dataset.json"
        return _named_in(path) if path.is_file() else ()

    def reader(self, kind: str, classes: tuple[str, ...]) -> NiftiVolumes:
        """Reads the volumes. Raises `DataError` where `values` are not those of the classes."""
        values = values_of(self.values, classes)
        return NiftiVolumes(self.parts(), {value: i for i, value in enumerate(values, start=1)} or None)

    def parts(self) -> tuple[Part, ...]:
        """Which files make cases."""
        if bool(self.test_images) != bool(self.test_labels):
            raise DataError("[layout] has one of test_images and test_labels.\nGive both, or none.")
        if not self.test_images:
            return (Part(self.images, (self.labels,)),)
        return (
            Part(self.images, (self.labels,), owner_split="train"),
            Part(self.test_images, (self.test_labels,), owner_split="test"),
        )

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write eight volumes of 32 x 32 x 12 voxels, each split, and their labels. Raises `DataError` for sites."""
        import nibabel

        if sites:
            super().write_phantom(folder, kind, classes, seed, sites)
        values = np.array([0, *(values_of(self.values, classes) or (1,))])
        for k, part in enumerate(self.parts()):
            for i in range(N_VOLUMES):
                image, labels = draw_solids(np.random.default_rng([seed, 57, k, i]), len(classes))
                for text, array in ((part.image, image), (part.labels[0], values[labels])):
                    name = Template(Template(text).alternatives[0]).filled(case=f"case{k}{i:02d}").replace("**/", "")
                    path = folder / name.replace("*", "volume")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    nibabel.save(nibabel.Nifti1Image(array.astype(np.int16), np.diag([1.0, 1.0, 3.0, 1.0])), path)


def _named_in(path: Path) -> tuple[str, ...]:
    """Names of the labels from 1 of a dataset.json: nnU-Net's `{"liver": 1}`, or the Decathlon's `{"1": "liver"}`."""
    with reading(path, f"{_FIX} Or give `values` in [layout].", what="is no dataset.json of nnU-Net"):
        content = json_of(text_of(path))
        labels = content.get("labels") if isinstance(content, dict) else None
        if not isinstance(labels, dict):
            raise Unusable("expected `labels`, a table of names and values")
        pairs = {k: v for k, v in labels.items() if isinstance(v, int)} or {v: int(k) for k, v in labels.items()}
        names = {value: str(name) for name, value in pairs.items()}
        found = tuple(names[value] for value in sorted(names) if value)
        if sorted(names) != list(range(len(found) + 1)) or not found:
            raise Unusable(f"expected the values 0, 1, 2, ...; found {one_line(str(sorted(names)))}")
        return found
