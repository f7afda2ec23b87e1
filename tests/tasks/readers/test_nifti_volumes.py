"""Readers of volumes: grids, label values and spellings from phantoms, and one clear error for every bad file."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest
from nibabel.orientations import aff2axcodes

from bench.core.errors import DataError
from tasks.brats import BRATS
from tasks.kinds.segmentation.grid import find_grid
from tasks.mmwhs_ct import MMWHS_CT
from tasks.mmwhs_mri import MMWHS_MRI
from tasks.prostate import PROSTATE
from tests.tasks.readers.edits import rewrite

SETS = {d.name: d for d in (BRATS, MMWHS_CT, MMWHS_MRI, PROSTATE)}


@pytest.mark.parametrize("data_set", SETS.values(), ids=SETS)
def test_volumes_and_labels_share_a_grid(data_set, segmentation_root):
    cases = data_set.reader.read(segmentation_root / (data_set.folder or data_set.name))
    for case in cases:
        volume, labels = data_set.reader.load_volume(case), data_set.reader.load_labels(case)
        assert volume.array.shape == labels.array.shape
        assert sorted(volume.array.shape) == [12, 32, 32]
        assert (volume.array.dtype, labels.array.dtype) == (np.float32, np.uint8)
        assert np.allclose(volume.affine, labels.affine)
        assert set(np.unique(labels.array)) == set(range(len(data_set.classes) + 1))
        inside, outside = (volume.array[mask].mean() for mask in (labels.array > 0, labels.array == 0))
        assert inside > outside


def test_orientations_and_spacings_are_kept_as_stored(segmentation_root):
    for data_set, axes in ((MMWHS_CT, {"LPS", "RAI"}), (MMWHS_MRI, {"LPS", "RSA"}), (PROSTATE, {"LPS", "RAS", "LPI"})):
        cases = data_set.reader.read(segmentation_root / (data_set.folder or data_set.name))
        volumes = [data_set.reader.load_volume(case) for case in cases]
        assert {"".join(aff2axcodes(v.affine)) for v in volumes} == axes
        assert all(np.ptp(np.linalg.norm(v.affine[:3, :3], axis=0)) > 1 for v in volumes), "anisotropic"


def test_brats_reads_flair_and_knows_patients(segmentation_root):
    cases = BRATS.reader.read(segmentation_root / "brats")
    assert len(cases) == 11
    assert all(case.image.name.endswith("_flair.nii.gz") for case in cases)
    assert len({case.subject for case in cases}) == 10
    assert [case.id.split("/")[1] for case in cases if case.subject == "Brats18_TCIA01_131"] == [
        "Brats18_TCIA01_131_1",
        "Brats18_TCIA01_131_2",
    ]


def test_brats_labels_become_consecutive(segmentation_root):
    case = BRATS.reader.read(segmentation_root / "brats")[0]
    stored = np.asarray(nibabel.load(case.labels[0]).dataobj)
    found = BRATS.reader.load_labels(case).array
    assert all(np.array_equal(found == number, stored == value) for value, number in ((1, 1), (2, 2), (4, 3)))


def test_mmwhs_421_is_the_left_atrium(segmentation_root):
    case = MMWHS_MRI.reader.read(segmentation_root / "mmwhs")[2]
    stored = np.asarray(nibabel.load(case.labels[0]).dataobj)
    assert (stored == 421).sum() == 3
    found = MMWHS_MRI.reader.load_labels(case).array
    number = MMWHS_MRI.classes.index("left atrium") + 1
    assert np.array_equal(found == number, (stored == 420) | (stored == 421))
    for value, name in ((205, "myocardium of the left ventricle"), (600, "right ventricle"), (850, "pulmonary artery")):
        assert np.array_equal(found == MMWHS_MRI.classes.index(name) + 1, stored == value)


def test_prostate_sites_spellings_and_values(copy):
    folder = copy(PROSTATE)
    cases = PROSTATE.reader.read(folder)
    assert {site: sum(c.domain == site for c in cases) for site in PROSTATE.domains} == {
        "BMC": 8, "RUNMC": 3, "BIDMC": 3, "HK": 3,
    }  # fmt: skip
    spellings = {case.labels[0].name.replace(case.image.name[:6], "") for case in cases}
    assert spellings == {"_segmentation.nii.gz", "_Segmentation.nii.gz"}
    zones = next(case for case in cases if case.domain == "BIDMC")
    stored = np.asarray(nibabel.load(zones.labels[0]).dataobj)
    assert set(np.unique(stored)) == {0, 1, 2}
    assert np.array_equal(PROSTATE.reader.load_labels(zones).array == 1, stored > 0)
    for spelling in ("Segmentation.nii.gz", "-segmentation.nii.gz", " Segmentation.nii.gz"):
        path = zones.labels[0]
        renamed = path.rename(path.with_name("Case00" + spelling))
        (found,) = [c.labels for c in PROSTATE.reader.read(folder) if c.id == zones.id]
        assert found == (renamed,)
        renamed.rename(path)


def test_uncompressed_volumes(copy):
    folder = copy(BRATS)
    before = {case.id.removesuffix(".gz"): BRATS.reader.load_labels(case) for case in BRATS.reader.read(folder)}
    for path in list(folder.rglob("*.nii.gz")):
        nibabel.save(nibabel.load(path), path.with_suffix(""))
        path.unlink()
    cases = BRATS.reader.read(folder)
    assert {case.id for case in cases} == set(before)
    assert all(np.array_equal(BRATS.reader.load_labels(c).array, before[c.id].array) for c in cases)


def test_rounding_in_a_header_is_no_error(pair):
    case, path = pair
    affine = nibabel.load(path).affine.copy()
    affine[:3, 3] += 1e-3
    rewrite(path, affine=affine)
    assert MMWHS_CT.reader.load_labels(case).array.max() == 7


def test_a_fourth_dimension_of_length_one_is_dropped(pair):
    case, path = pair
    before = MMWHS_CT.reader.load_volume(case), MMWHS_CT.reader.load_labels(case)
    for place in (case.image, path):
        rewrite(place, array=np.asarray(nibabel.load(place).dataobj)[..., None])
        assert nibabel.load(place).shape == (32, 32, 12, 1)
    after = MMWHS_CT.reader.load_volume(case), MMWHS_CT.reader.load_labels(case)
    assert all(np.array_equal(a.array, b.array) for a, b in zip(before, after, strict=True))


def test_labels_are_cut_as_their_image_where_headers_differ_a_little(pair):
    case, path = pair
    affines = [np.diag((length, 1.0, 1.0, 1.0)) for length in (1.0102, 1.0098)]
    assert [find_grid(affine, "auto").axis for affine in affines] == [0, 2], "each alone chooses another axis"
    for place, affine in zip((case.image, path), affines, strict=True):
        image = nibabel.load(place)
        nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), affine), place)
    volume, labels = MMWHS_CT.reader.load_volume(case), MMWHS_CT.reader.load_labels(case)
    assert np.array_equal(volume.affine, labels.affine)
    assert [find_grid(v.affine, "auto").axis for v in (volume, labels)] == [0, 0]


@pytest.mark.parametrize("scale", [0.9999995, 1.0000004])
def test_labels_within_a_thousandth_of_a_whole_number_are_read_and_counted(segmentation_root, tmp_path, scale):
    case = MMWHS_CT.reader.read(segmentation_root / "mmwhs")[0]
    wanted = MMWHS_CT.reader.load_labels(case)
    stored = nibabel.load(case.labels[0])
    nearly = (np.asarray(stored.dataobj) * np.float64(scale)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(nearly, stored.affine), tmp_path / "nearly.nii.gz")
    read = MMWHS_CT.reader.load_labels(replace(case, labels=(tmp_path / "nearly.nii.gz",)))
    assert np.array_equal(read.array, wanted.array)
    assert read.n_rounded == int((nearly != np.rint(nearly)).sum()) > 0 == wanted.n_rounded


@pytest.mark.parametrize("kind", [np.int16, np.uint16])
def test_labels_that_the_files_scaling_cannot_tell_apart_are_read_and_counted(segmentation_root, tmp_path, kind):
    case = MMWHS_CT.reader.read(segmentation_root / "mmwhs")[0]
    stored = nibabel.load(case.labels[0])
    scaled = nibabel.Nifti1Image(np.asarray(stored.dataobj).astype(np.float64), stored.affine)
    scaled.set_data_dtype(kind)  # the library chooses a slope
    nibabel.save(scaled, tmp_path / "scaled.nii.gz")
    found = np.asarray(nibabel.load(tmp_path / "scaled.nii.gz").dataobj)
    assert np.abs(found - np.rint(found)).max() > 1e-3
    read = MMWHS_CT.reader.load_labels(replace(case, labels=(tmp_path / "scaled.nii.gz",)))
    assert np.array_equal(read.array, MMWHS_CT.reader.load_labels(case).array)
    assert read.n_rounded > 0


def test_a_coarse_scaling_is_no_reason_to_round(segmentation_root, tmp_path):
    case = BRATS.reader.read(segmentation_root / "brats")[0]
    stored = nibabel.load(case.labels[0])
    image = nibabel.Nifti1Image(np.asarray(stored.dataobj).astype(np.int16), stored.affine)
    image.header.set_slope_inter(0.3, 0)
    nibabel.save(image, tmp_path / "third.nii.gz")
    with pytest.raises(DataError, match=r"no class: 0\.3, "):
        BRATS.reader.load_labels(replace(case, labels=(tmp_path / "third.nii.gz",)))


def test_labels_further_from_whole_numbers_are_an_error(segmentation_root, tmp_path):
    case = BRATS.reader.read(segmentation_root / "brats")[0]
    stored = nibabel.load(case.labels[0])
    off = np.asarray(stored.dataobj).astype(np.float32) * np.float32(1.002)
    nibabel.save(nibabel.Nifti1Image(off, stored.affine), tmp_path / "off.nii.gz")
    with pytest.raises(DataError, match=r"no class: 1\.002, .*, as whole numbers to within 0\.001"):
        BRATS.reader.load_labels(replace(case, labels=(tmp_path / "off.nii.gz",)))


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("Brats18_2013_2_1", "Brats18_2013_2"),
        ("BraTS19_CBICA_AAB_1", "BraTS19_CBICA_AAB"),
        ("BRATS19_TCIA01_131_2", "BRATS19_TCIA01_131"),
        ("BraTS20_Training_001", "BraTS20_Training_001"),
        ("patient7", None),
    ],
)
def test_patients_of_brats_by_their_names(tmp_path, name, patient):
    for grade, scan in (("HGG", name), ("LGG", "Brats18_X_1")):
        folder = tmp_path / grade / scan
        folder.mkdir(parents=True)
        for part in ("flair", "seg"):
            (folder / f"{scan}_{part}.nii.gz").write_bytes(b"")
    case, _ = BRATS.reader.read(tmp_path)
    assert case.subject == patient
    said = BRATS.reader.remarks([case])
    assert said == () if patient else said[0].startswith("the names of 1 of 1 cases tell no patient, as HGG/patient7/")


def test_patients_whose_names_differ_in_case_alone_are_one(copy):
    folder = copy(BRATS)
    before = sorted(case.subject.lower() for case in BRATS.reader.read(folder))
    for scan in sorted(folder.glob("*GG/*"))[::2]:
        lower = scan.rename(scan.with_name(scan.name.lower()))
        for path in list(lower.iterdir()):
            path.rename(path.with_name(path.name.lower()))
    subjects = [case.subject for case in BRATS.reader.read(folder)]
    assert sorted(subject.lower() for subject in subjects) == before
    assert len(set(subjects)) == len(set(before)) < len(before)
