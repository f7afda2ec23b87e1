"""Readers of volumes: grids, label values and spellings from phantoms, and one clear error for every bad file."""

import nibabel
import numpy as np
import pytest
from nibabel.orientations import aff2axcodes

from bench.data.decoding.remarks import Remark, collected_remarks
from tasks.brats import BRATS
from tasks.kinds.segmentation.grid import find_grid
from tasks.mmwhs_ct import MMWHS_CT
from tasks.mmwhs_mri import MMWHS_MRI
from tasks.prostate import PROSTATE
from tasks.readers.nifti_volumes import NEARLY_WHOLE
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


@pytest.mark.parametrize("off", [9e-4, -9e-4, 1e-6])
@pytest.mark.parametrize("data_set", SETS.values(), ids=SETS)
def test_labels_that_are_nearly_whole_are_whole(data_set, copy, off):
    case = data_set.reader.read(copy(data_set))[0]
    stored = np.asarray(nibabel.load(case.labels[0]).dataobj).astype(np.float64)
    whole = data_set.reader.load_labels(case).array
    rewrite(case.labels[0], array=stored + off * (stored > 0 if off < 0 else 1))
    with collected_remarks() as remarks:
        assert np.array_equal(data_set.reader.load_labels(case).array, whole)
    assert remarks == [Remark(NEARLY_WHOLE, case.labels[0])]
    rewrite(case.labels[0], array=stored)
    with collected_remarks() as remarks:
        data_set.reader.load_labels(case)
    assert remarks == [], "whole numbers in any type are whole"


def test_labels_under_a_slope_are_whole(copy):
    """As nibabel itself stores float64 as int16."""
    case = BRATS.reader.read(copy(BRATS))[0]
    image, whole = nibabel.load(case.labels[0]), BRATS.reader.load_labels(case).array
    scaled = nibabel.Nifti1Image(np.asarray(image.dataobj).astype(np.float64), image.affine)
    scaled.set_data_dtype(np.int16)
    nibabel.save(scaled, case.labels[0])
    assert not (np.asarray(nibabel.load(case.labels[0]).dataobj) % 1 == 0).all()
    assert np.array_equal(BRATS.reader.load_labels(case).array, whole)


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
