"""DICOM series with label maps as a data set."""

import shutil

import numpy as np
import pytest
from pydantic import ValidationError

pytest.importorskip("pydicom")

from bench.core.errors import DataError
from tasks.layouts.dicom import Dicom
from tasks.phantoms.series import write_labels, write_series
from tests.data.decoding.dicom_files import write

VOLUME = np.arange(4 * 3 * 5, dtype=np.int16).reshape(4, 3, 5)
CLASSES = ("a", "b")


@pytest.fixture
def folder(tmp_path):
    """Two cases, with labels as NIfTI."""
    for case in ("p1", "p2"):
        write_series(tmp_path, f"{case}/ct/*.dcm", VOLUME)
        write_labels(tmp_path / case / "label.nii.gz", VOLUME % 3)
    return tmp_path


def reader(**options):
    return Dicom(**({"images": "{case}/ct/*", "labels": "{case}/label.nii.gz"} | options)).reader(
        "segmentation_3d", CLASSES
    )


def test_a_case_is_a_folder_of_slices(folder):
    cases = reader().read(folder)
    assert [c.id for c in cases] == ["p1/ct", "p2/ct"]
    volume, labels = reader().load_volume(cases[0]), reader().load_labels(cases[0])
    assert volume.array.tolist() == VOLUME.tolist()
    assert np.diag(volume.affine).tolist() == [-1, -1, 3, 1]
    assert labels.array.tolist() == (VOLUME % 3).tolist()
    assert reader().matches(folder)
    assert not reader().matches(folder / "p1" / "ct")


def test_content_keys_are_those_of_all_slices(folder):
    before = [case.content for case in reader().read(folder)]
    path = folder / "p2" / "ct" / "004.dcm"
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x01")
    after = [case.content for case in reader().read(folder)]
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)


def test_labels_may_be_slices_and_volumes_one_file(folder):
    for case in ("p1", "p2"):
        write_series(folder, f"{case}/seg/*.dcm", VOLUME % 3)
        shutil.rmtree(folder / case / "ct")
        frames = np.ascontiguousarray(VOLUME.transpose(2, 1, 0))
        places = {"ImagePositionPatient": [0, 0, 0], "PixelSpacing": [1, 1]}
        write(folder / case / "ct.dcm", frames, **places)
        labels = np.ascontiguousarray((VOLUME % 3).transpose(2, 1, 0))
        write(folder / case / "seg.dcm", labels, **places)
    one = reader(images="{case}/ct.dcm", labels="{case}/seg.dcm")
    cases = one.read(folder)
    assert [c.id for c in cases] == ["p1/ct.dcm", "p2/ct.dcm"]
    assert one.load_volume(cases[0]).array.tolist() == VOLUME.tolist()
    assert one.load_labels(cases[0]).array.tolist() == (VOLUME % 3).tolist()
    slices = reader(images="{case}/ct.dcm", labels="{case}/seg/*")
    assert len(slices.read(folder)[0].labels) == 5


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "p1" / "label.nii.gz").unlink(), r"the case 'p1' has no label map"),
        (lambda f: shutil.rmtree(f / "p2" / "ct"), r"the case 'p2' has no series"),
        (lambda f: [shutil.rmtree(f / p) for p in ("p1", "p2")], "no cases found"),
    ],
)
def test_what_is_missing_is_an_error(folder, damage, message):
    damage(folder)
    with pytest.raises(DataError, match=message):
        reader().read(folder)


def test_slices_of_one_case_in_two_folders_are_an_error(folder):
    shutil.copytree(folder / "p1" / "ct", folder / "p1" / "ct2")
    with pytest.raises(DataError, match=r"this case has slices in .*ct2 too"):
        reader(images="{case}/*/*.dcm").read(folder)


def test_a_label_map_on_another_grid_and_a_damaged_slice_are_errors(folder):
    write_labels(folder / "p1" / "label.nii.gz", VOLUME[:3] % 3)
    cases = reader().read(folder)
    with pytest.raises(DataError, match="this label map has shape"):
        reader().load_labels(cases[0])
    (folder / "p2" / "ct" / "002.dcm").unlink()
    with pytest.raises(DataError, match="slices are missing"):
        reader().load_volume(cases[1])


def test_sites_and_splits_are_read_from_paths(tmp_path):
    for site in ("n", "s"):
        write_series(tmp_path, f"{site}/test/p1/*.dcm", VOLUME)
        write_labels(tmp_path / site / "test" / "p1.nii.gz", VOLUME % 3)
    options = {"images": "{site}/{split}/{case}/*.dcm", "labels": "{site}/{split}/{case}.nii.gz"}
    assert Dicom(**options).sites(tmp_path, "segmentation_3d") == ("n", "s")
    cases = reader(**options).read(tmp_path)
    assert [(c.id, c.domain, c.owner_split) for c in cases] == [("n/test/p1", "n", "test"), ("s/test/p1", "s", "test")]
    with pytest.raises(ValidationError, match=r"has no \{case\}"):
        Dicom(images="a/*")
