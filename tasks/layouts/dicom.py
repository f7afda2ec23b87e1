"""DICOM series with label maps: a folder of slices for each case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from bench.core.digest import digest
from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.reading import hash_of, reading
from bench.core.task import Case, Volume
from bench.data.decoding.dicom import is_dicom
from bench.data.volumes import is_nifti, is_volume
from tasks.layouts.fields import require_cases, require_side, values_of
from tasks.phantoms.series import write_labels, write_series
from tasks.phantoms.solids import N_VOLUMES, draw_solids
from tasks.readers.folders import files_below
from tasks.readers.nifti_volumes import NiftiVolumes
from tasks.readers.pairs import Part
from tasks.readers.templates import Template, template

_FIX = "Correct `images` and `labels` of [layout], or `folder` of the data set's file."


class Dicom(Layout):
    """A DICOM series or file of several frames, and a label map on its grid: NIfTI, or DICOM too."""

    kinds: ClassVar[tuple[str, ...]] = ("segmentation_3d",)
    example: ClassVar[str] = 'type = "dicom"\nimages = "{case}/ct/*"\nlabels = "{case}/label.nii.gz"'

    images: str = Field(
        "{case}/image/*", description="Template of the slices; those of a case lie in one folder. {split}, {site}."
    )
    labels: str = Field("{case}/label.{nii.gz,nii}", description="Template of the label map, or of its slices.")
    values: dict[str, int] = Field(
        default_factory=dict, description="A table of class = value; 0 is background; default: 1, 2, ..."
    )

    @field_validator("images", "labels")
    @classmethod
    def _check_templates(cls, text: str) -> str:
        if "{case}" not in text:
            raise ValueError(f"the template {text!r} has no {{case}}, which pairs series with label maps")
        return text

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """The names in `values`; none without."""
        return tuple(self.values)

    def sites(self, folder: Path, kind: str) -> tuple[str, ...]:
        """What stands at {site}, sorted."""
        found = (template(self.images).fields(path) for path in files_below(folder))
        return tuple(sorted({fields["site"] for fields in found if fields and "site" in fields}))

    def reader(self, kind: str, classes: tuple[str, ...]) -> DicomVolumes:
        """Reads the series. Raises `DataError` where `values` are not those of the classes."""
        values = values_of(self.values, classes)
        parts = (Part(self.images, (self.labels,)),)
        return DicomVolumes(parts, {value: i for i, value in enumerate(values, start=1)} or None)

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write eight series of 12 slices of 32 x 32 pixels for each site and split, and their label maps as NIfTI.

        Raises:
            DataError: pydicom is not installed, or label maps are slices too.
        """
        if not is_nifti(Path(Template(self.labels).alternatives[0])):
            super().write_phantom(folder, kind, classes, seed)
        values = np.array([0, *(values_of(self.values, classes) or (1,))])
        for k, site in enumerate(sites or ("site",)):
            for i in range(N_VOLUMES):
                image, labels = draw_solids(np.random.default_rng([seed, 58, k, i]), len(classes))
                fields = {"case": f"case{k}{i:02d}", "site": site, "split": "test" if i % 4 == 3 else "train"}
                write_series(folder, Template(Template(self.images).filled(**fields)).alternatives[0], image)
                label = folder / Template(Template(self.labels).filled(**fields)).alternatives[0].replace("*", "label")
                write_labels(label, values[labels])


@dataclass(frozen=True)
class DicomVolumes(NiftiVolumes):
    """Reader of one series and one label map per case, see `dicom_series.read_slices`."""

    version: ClassVar[int] = 1

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id (the folder of the series, or its file); `Case.image` is its first file.

        Raises:
            DataError: no series, a series without a label map or the reverse, or slices of a case in several folders.
        """
        (part,) = self.parts
        series, labels = (self._found(folder, text) for text in (part.image, part.labels[0]))
        for case in series.keys() ^ labels.keys():
            path, lacks = (series[case][0], "label map") if case in series else (labels[case][0], "series")
            raise DataError(f"{one_line(path)}: the case {one_line(' '.join(case))!r} has no {lacks}.\n{_FIX}")
        cases = [self._case(folder, part, paths, labels[case]) for case, paths in series.items()]
        return require_cases(cases, folder, (), self.layout)

    def matches(self, folder: Path) -> bool:
        """Whether a series stands where the template has it."""
        return bool(self._found(folder, self.parts[0].image))

    def load_volume(self, case: Case) -> Volume:
        """Intensities (X, Y, Z), float32, in the unit of the modality. Raises `DataError` as `read_voxels` does."""
        return super().load_volume(replace(case, image=_volume_of(case.image)))

    def load_labels(self, case: Case) -> Volume:
        """Labels (X, Y, Z), uint8, on the grid of the series. Raises `DataError` as `NiftiVolumes.load_labels` does."""
        label = case.labels[0] if is_nifti(case.labels[0]) else _volume_of(case.labels[0])
        return super().load_labels(replace(case, image=_volume_of(case.image), labels=(label,)))

    def _found(self, folder: Path, text: str) -> dict[tuple[str, ...], list[Path]]:
        """Case, with its site and split where the template has them -> its files."""
        found: dict[tuple[str, ...], list[Path]] = {}
        for name in files_below(folder) if folder.is_dir() else ():
            fields = template(text).fields(name)
            if fields and (is_dicom(folder / name) or is_nifti(folder / name)):
                case = tuple(value for key, value in sorted(fields.items()) if f"{{{key}}}" in self.parts[0].labels[0])
                found.setdefault(case, []).append(folder / name)
        return found

    def _case(self, folder: Path, part: Part, paths: list[Path], labels: list[Path]) -> Case:
        if len({path.parent for path in paths}) > 1:
            raise DataError(
                f"{one_line(paths[0].parent)}: this case has slices in {one_line(paths[-1].parent)} too.\nGive each "
                "series a folder of its own, and `images` of [layout] the one that is read."
            )
        fields = template(part.image).fields(paths[0].relative_to(folder).as_posix()) or {}
        place = (paths[0].parent if len(paths) > 1 else paths[0]).relative_to(folder).as_posix()
        split = require_side(fields["split"], one_line(paths[0])) if "split" in fields else None
        with reading(paths[0], "Restore this series from the owner's archive."):
            content = digest(sorted(map(hash_of, paths)))
        return Case(place, paths[0], None, split, labels=tuple(labels), domain=fields.get("site"), content=content)


def _volume_of(path: Path) -> Path:
    """The folder of a slice, or a file that is a volume of its own."""
    return path if is_volume(path) else path.parent
