"""Phantoms of volumes: BraTS, MM-WHS (CT and MR) and multi-site prostate MRI, in various orientations and spacings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tasks.phantoms.drawing import Array

_SHAPE = (32, 32, 12)
"""Voxels to the right, to the front and upwards, before a volume is turned to its stored orientation."""
_HEART = {
    205: ((-0.25, 0.1, -0.3), (0.42, 0.42, 0.6)),
    500: ((-0.25, 0.1, -0.3), (0.26, 0.26, 0.42)),
    600: ((0.4, 0.3, -0.3), (0.26, 0.32, 0.5)),
    420: ((-0.25, -0.5, 0.45), (0.27, 0.24, 0.42)),
    550: ((0.42, -0.4, 0.35), (0.24, 0.27, 0.45)),
    820: ((0.08, -0.05, 0.65), (0.17, 0.17, 0.36)),
    850: ((-0.25, 0.4, 0.68), (0.17, 0.17, 0.34)),
}
"""Label -> centre and radii in [-1, 1]; later structures cover earlier ones."""
_HEART_CT = {0: -150, 205: 110, 500: 380, 600: 300, 420: 420, 550: 240, 820: 460, 850: 340}
_HEART_MR = {0: 90, 205: 200, 500: 520, 600: 450, 420: 600, 550: 400, 820: 680, 850: 560}
_SCANS = {
    "HGG": ("2013_2_1", "2013_3_1", "CBICA_AAB_1", "CBICA_AAG_1", "TCIA01_131_1", "TCIA01_131_2", "TCIA02_117_1"),
    "LGG": ("2013_0_1", "TCIA09_141_1", "TCIA10_103_1", "TCIA13_615_1"),
}
_SITES = {
    "BMC": (8, "{}_segmentation.nii.gz", (0.4, 0.4, 3.0), "LPS", 1.0),
    "RUNMC": (3, "{}_Segmentation.nii.gz", (0.6, 0.6, 3.6), "RAS", 1.6),
    "BIDMC": (3, "{}_segmentation.nii.gz", (0.4, 0.4, 2.2), "LPI", 0.6),
    "HK": (3, "{}_Segmentation.nii.gz", (0.625, 0.625, 3.6), "LPS", 2.2),
}
"""Site -> cases, name of the label map, spacing (mm), stored axes, gain of the scanner."""


def brats(folder: Path, seed: int) -> None:
    """Write 7 HGG and 4 LGG scans of four modalities with labels 1, 2 and 4; two scans are of one patient."""
    looks = {"flair": (300, 500, 620, 450), "t1": (400, 250, 330, 280), "t1ce": (400, 250, 330, 700)}
    looks["t2"] = (300, 600, 560, 520)  # brain, then labels 1, 2, 4
    for g, (grade, scans) in enumerate(_SCANS.items()):
        for i, scan in enumerate(scans):
            rng = np.random.default_rng([seed, 40, g, i])
            brain, labels = _draw_tumour(rng)
            name = f"Brats18_{scan}"
            for modality, levels in looks.items():
                image = np.select([labels == v for v in (1, 2, 4)], levels[1:], levels[0]) * rng.uniform(0.8, 1.2)
                image = brain * np.maximum(image + rng.normal(0, 25, size=_SHAPE), 1)
                _save(image, folder / grade / name / f"{name}_{modality}.nii.gz", (1.0, 1.0, 1.0), "LPS")
            _save(labels, folder / grade / name / f"{name}_seg.nii.gz", (1.0, 1.0, 1.0), "LPS")


def mmwhs_ct(folder: Path, seed: int) -> None:
    """Write 10 CT volumes of a heart of seven structures, stored in two orientations."""
    for i in range(10):
        rng = np.random.default_rng([seed, 41, i])
        _save_heart(rng, folder / "ct_train" / f"ct_train_{1001 + i}", _HEART_CT, ("LPS", "RAI")[i % 2])


def mmwhs_mri(folder: Path, seed: int) -> None:
    """Write 10 MR volumes of a heart of seven structures, some cut coronally; the third has voxels of label 421."""
    for i in range(10):
        rng = np.random.default_rng([seed, 42, i])
        _save_heart(rng, folder / "mr_train" / f"mr_train_{1001 + i}", _HEART_MR, ("LPS", "RSA")[i % 2], stray=i == 2)


def prostate(folder: Path, seed: int) -> None:
    """Write 8 volumes of BMC and 3 each of RUNMC, BIDMC and HK, which differ in spacing, orientation and intensity.

    BIDMC's label maps have two values (zones), both of which are prostate.
    """
    for s, (site, (count, label_name, spacing_mm, axes, gain)) in enumerate(_SITES.items()):
        for i in range(count):
            rng = np.random.default_rng([seed, 43, s, i])
            image, labels = _draw_pelvis(rng, gain)
            if site != "BIDMC":
                labels = np.minimum(labels, 1)
            _save(image, folder / site / f"Case{i:02d}.nii.gz", spacing_mm, axes)
            _save(labels, folder / site / label_name.format(f"Case{i:02d}"), spacing_mm, axes)


def _draw_tumour(rng: np.random.Generator) -> tuple[Array, Array]:
    """Brain mask and labels (X, Y, Z): oedema 2, in it an enhancing rim 4 around a core 1."""
    brain = _distance((0, 0, 0), (0.85, 0.9, 0.95)) < 1
    centre = rng.uniform([-0.4, -0.4, -0.3], [0.4, 0.4, 0.3])
    distance = _distance(centre, rng.uniform(0.35, 0.5, size=3) * (1, 1, 1.3))
    return brain, np.select([~brain, distance < 0.45, distance < 0.65, distance < 1], [0, 1, 4, 2], 0)


def _save_heart(rng: np.random.Generator, stem: Path, levels: dict[int, int], axes: str, stray: bool = False) -> None:
    labels = np.zeros(_SHAPE, dtype=np.int16)
    shift = rng.uniform(-0.06, 0.06, size=3)
    for value, (centre, radii) in _HEART.items():
        labels[_distance(np.add(centre, shift), np.multiply(radii, rng.uniform(0.9, 1.1, size=3))) < 1] = value
    image = np.select([labels == v for v in levels], list(levels.values()))
    image = image * rng.uniform(0.95, 1.05) + rng.normal(0, 25, size=_SHAPE)
    if stray:
        labels[tuple(np.argwhere(labels == 420)[:3].T)] = 421
    spacing_mm = (0.9, 0.9, rng.uniform(2.0, 3.0))
    _save(image, stem.with_name(f"{stem.name}_image.nii.gz"), spacing_mm, axes)
    _save(labels, stem.with_name(f"{stem.name}_label.nii.gz"), spacing_mm, axes)


def _draw_pelvis(rng: np.random.Generator, gain: float) -> tuple[Array, Array]:
    """Intensities and zones (X, Y, Z): 1 outer, 2 inner part of the prostate."""
    centre = rng.uniform([-0.15, -0.2, -0.1], [0.15, 0.2, 0.1])
    distance = _distance(centre, rng.uniform([0.35, 0.3, 0.6], [0.5, 0.45, 0.8]))
    zones = np.select([distance < 0.55, distance < 1], [2, 1], 0)
    bladder = _distance(centre + np.array([0, 0.35, 0.9]), (0.4, 0.35, 0.35)) < 1
    image = np.select([zones == 2, zones == 1, bladder], [170, 240, 330], 100)
    image = image + rng.normal(0, 14, size=_SHAPE)
    return gain * image * (1 + rng.uniform(-0.2, 0.2) * _coordinates()[0]), zones


def _coordinates() -> Array:
    """(3, X, Y, Z) in [-1, 1]."""
    x, y, z = _SHAPE
    return np.mgrid[-1 : 1 : x * 1j, -1 : 1 : y * 1j, -1 : 1 : z * 1j]


def _distance(centre: Array | tuple[float, float, float], radii: Array | tuple[float, float, float]) -> Array:
    """(X, Y, Z): below 1 inside an ellipsoid."""
    shape = (3, 1, 1, 1)
    scaled = (_coordinates() - np.reshape(centre, shape)) / np.reshape(radii, shape)
    distance: Array = np.linalg.norm(scaled, axis=0)
    return distance


def _save(array: Array, path: Path, spacing_mm: tuple[float, float, float], axes: str) -> None:
    """Save an array that lies right-anterior-superior as 16-bit NIfTI with its axes turned to `axes`."""
    import nibabel
    from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = -np.multiply(spacing_mm, _SHAPE) / 2
    image = nibabel.Nifti1Image(np.rint(array).astype(np.int16), affine)
    nibabel.save(image.as_reoriented(ornt_transform(io_orientation(affine), axcodes2ornt(axes))), path)
