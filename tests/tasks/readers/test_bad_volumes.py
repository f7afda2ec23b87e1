"""Volumes and label maps that cannot be used: one clear error for every bad file."""

import nibabel
import numpy as np
import pytest

from bench.core.errors import DataError
from bench.data.volumes import read_grid
from tasks.brats import BRATS
from tasks.mmwhs_ct import MMWHS_CT
from tasks.mmwhs_mri import MMWHS_MRI
from tasks.prostate import PROSTATE
from tests.tasks.readers.edits import rewrite

SETS = {d.name: d for d in (BRATS, MMWHS_CT, MMWHS_MRI, PROSTATE)}


def message_of(function, *args) -> str:
    with pytest.raises(DataError) as caught:
        function(*args)
    return str(caught.value)


@pytest.mark.parametrize("data_set", SETS.values(), ids=SETS)
def test_volume_without_labels_and_labels_without_volume(data_set, copy):
    folder = copy(data_set)
    first, second = data_set.reader.read(folder)[:2]
    kept = first.labels[0].read_bytes()
    first.labels[0].unlink()
    message = message_of(data_set.reader.read, folder)
    assert message.startswith(f"{first.image}: this image has no label file of the form ")
    first.labels[0].write_bytes(kept)
    second.image.unlink()
    message = message_of(data_set.reader.read, folder)
    assert message.startswith(f"{second.labels[0]}: this label has no image of the form ")


def test_labels_of_another_shape(pair):
    case, path = pair
    rewrite(path, array=np.zeros((32, 32, 13), dtype=np.int16))
    message = message_of(MMWHS_CT.reader.load_labels, case)
    assert message.startswith(f"{path}: this label map has shape (32, 32, 13), its image {case.image} has (32, 32, 12)")
    assert "Restore both files" in message


@pytest.mark.parametrize("fault", ["origin", "spacing", "orientation"])
def test_labels_that_lie_elsewhere(pair, fault):
    case, path = pair
    affine = nibabel.load(path).affine.copy()
    if fault == "origin":
        affine[:3, 3] += (5, 0, 0)
    elif fault == "spacing":
        affine[:, 2] *= 1.5
    else:
        affine[:, 0] *= -1
    rewrite(path, affine=affine)
    message = message_of(MMWHS_CT.reader.load_labels, case)
    assert message.startswith(f"{path}: this label map lies elsewhere than its image {case.image}: corners up to ")
    assert "Restore both files" in message
    if fault == "orientation":
        assert "RPS against LPS" in message


@pytest.mark.parametrize("value", [7, 999, -1, 205.5, 205.0015, 204.99, -0.002, 1e30])
def test_values_that_are_no_class(pair, value):
    case, path = pair
    array = np.asarray(nibabel.load(path).dataobj).astype(np.float32)
    array[0, 0, 0] = value
    rewrite(path, array=array)
    message = message_of(MMWHS_CT.reader.load_labels, case)
    assert message.startswith(
        f"{path}: this label map holds values that are no class: {np.float32(value):.10g}; expected 0, 205, 420"
    )
    assert "Restore this file" in message


def test_prostate_labels_below_zero(copy):
    case = PROSTATE.reader.read(copy(PROSTATE))[0]
    rewrite(case.labels[0], array=np.full(read_grid(case.image).shape, -2, dtype=np.int16))
    assert "no class: -2; expected whole numbers from 0" in message_of(PROSTATE.reader.load_labels, case)


@pytest.mark.parametrize("which", ["volume", "labels"])
@pytest.mark.parametrize("fault", ["truncated", "truncated header", "0 bytes", "not NIfTI", "gone", "4 dimensions"])
def test_bad_files(pair, which, fault):
    case, label = pair
    path = case.image if which == "volume" else label
    whole = path.read_bytes()
    if fault == "gone":
        path.unlink()
    elif fault == "4 dimensions":
        rewrite(path, array=np.zeros((32, 32, 12, 2), dtype=np.int16))
    else:
        path.write_bytes(
            {"truncated": whole[:-300], "truncated header": whole[:80], "0 bytes": b"", "not NIfTI": b"<html>"}[fault]
        )
    message = message_of(MMWHS_CT.reader.load_volume if which == "volume" else MMWHS_CT.reader.load_labels, case)
    assert message.startswith(str(path))
    assert {"gone": "no such file", "4 dimensions": "expected one 3D volume", "0 bytes": "is empty"}.get(
        fault, "not a readable NIfTI volume"
    ) in message
    assert "estore" in message


def test_truncated_uncompressed_volume(pair):
    case, label = pair
    plain = label.with_suffix("")
    nibabel.save(nibabel.load(label), plain)
    plain.write_bytes(plain.read_bytes()[:-300])
    label.unlink()
    (again,) = [c for c in MMWHS_CT.reader.read(label.parents[1]) if c.id == case.id]
    assert message_of(MMWHS_CT.reader.load_labels, again).startswith(f"{plain} is not a readable NIfTI volume")


def test_values_that_are_not_finite(pair):
    case, path = pair
    array = np.zeros((32, 32, 12), dtype=np.float32)
    array[1, 1, 1] = np.nan
    for place, load in ((case.image, MMWHS_CT.reader.load_volume), (path, MMWHS_CT.reader.load_labels)):
        rewrite(place, array=array)
        assert message_of(load, case).startswith(f"{place}: holds values that are not finite")


def test_values_beyond_float32_are_not_finite(pair):
    array = np.zeros((32, 32, 12))
    array[1, 1, 1] = 1e300
    rewrite(pair[0].image, array=array)
    assert "holds values that are not finite (1 of 12288 voxels)" in message_of(MMWHS_CT.reader.load_volume, pair[0])


RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


@pytest.mark.parametrize(
    ("dtype", "what"), [(RGB, "colours"), (np.complex64, "numbers of type complex64")], ids=["RGB", "complex"]
)
def test_voxels_that_are_no_numbers(pair, dtype, what):
    case, path = pair
    for place, load in ((case.image, MMWHS_CT.reader.load_volume), (path, MMWHS_CT.reader.load_labels)):
        rewrite(place, array=np.zeros((32, 32, 12), dtype=dtype))
        message = message_of(load, case)
        assert message.startswith(f"{place}: its voxels are {what}; expected one real number per voxel")
        assert "restore the owner's file" in message
        rewrite(place, array=np.zeros((32, 32, 12), dtype=np.int16))


def test_affine_that_places_nothing(pair):
    case, path = pair
    image = nibabel.load(path)
    image.set_sform(np.zeros((4, 4)), code=1)
    image.set_qform(None, code=0)
    nibabel.save(image, path)
    assert "places no voxels in space" in message_of(MMWHS_CT.reader.load_labels, case)
