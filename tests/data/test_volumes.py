"""Reading NIfTI volumes: grids from headers, voxels as stored, and one error for what is none."""

import struct

import nibabel
import numpy as np
import pytest

from bench.core.errors import DataError
from bench.data.volumes import Grid, check_finite, read_grid, read_intensities, read_voxels, through_plane


@pytest.mark.parametrize(
    ("axes", "spacing_mm", "expected"),
    [
        ("RAS", (1, 1, 3), (2, 12)),
        ("RSA", (1, 3, 1), (2, 32)),
        ("SLP", (3, 1, 1), (2, 32)),
        ("RAS", (1, 4, 1), (1, 32)),
        ("PIR", (1, 1, 4), (0, 12)),
        ("LPS", (1, 1, 1), (2, 12)),
        ("SPL", (1, 1.005, 1), (2, 32)),
    ],
)
def test_slices_cross_the_axis_of_the_largest_spacing(axes, spacing_mm, expected):
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for stored, (axis, length) in enumerate(zip(axes, spacing_mm, strict=True)):
        ras = next(i for i, pair in enumerate(("LR", "PA", "IS")) if axis in pair)
        affine[ras, stored] = length * (1 if axis in "RAS" else -1)
    assert through_plane(Grid((32, 32, 12), affine)) == expected


def save(path, array, affine=None, slope=None):
    image = nibabel.Nifti1Image(array, np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine)
    if slope:
        image.header.set_slope_inter(*slope)
    nibabel.save(image, path)
    return path


def test_grid_is_read_from_the_header_and_voxels_as_stored(tmp_path):
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    path = save(tmp_path / "v.nii", array[..., None])
    grid = read_grid(path)
    assert grid.shape == (2, 3, 4), "a fourth dimension of length 1 is none"
    assert grid.spacing_mm.tolist() == [1, 2, 3]
    voxels = read_voxels(path)
    assert (voxels.dtype.kind, voxels.tolist()) == ("i", array.tolist())
    path.write_bytes(path.read_bytes()[:360])
    assert read_grid(path).shape == (2, 3, 4), "the voxels are not looked at"


def test_scaling_of_the_header_is_applied(tmp_path):
    path = save(tmp_path / "v.nii", np.array([[[0, 1, 2]]], dtype=np.int16), slope=(0.5, -1))
    assert read_intensities(path).tolist() == [[[-1.0, -0.5, 0.0]]]
    assert read_intensities(path).dtype == np.float32


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: None, "there is no such file"),
        (lambda p: p.touch(), "is not a readable NIfTI volume: the file is empty"),
        (lambda p: p.write_text("<html>"), "is not a readable NIfTI volume"),
        (lambda p: save(p, np.zeros((2, 2), np.int16)), "has 2 dimensions"),
        (lambda p: save(p, np.zeros((2, 2, 2, 3), np.int16)), "expected one 3D volume"),
        (lambda p: save(p, np.zeros((2, 2, 2), np.complex64)), "its voxels are numbers of type complex64"),
    ],
)
def test_what_is_no_volume_is_one_error_with_its_path(tmp_path, write, message):
    path = tmp_path / "v.nii"
    write(path)
    with pytest.raises(DataError, match=message) as caught:
        read_voxels(path)
    assert str(caught.value).startswith(str(path))


def test_voxels_that_are_not_finite_are_counted(tmp_path):
    path = tmp_path / "v.nii"
    check_finite(path, np.ones(3))
    with pytest.raises(DataError, match=r"not finite \(2 of 3 voxels\)"):
        check_finite(path, np.array([np.nan, 1, -np.inf]))
    save(path, np.array([[[1e300, 0]]]))
    with pytest.raises(DataError, match=r"not finite \(1 of 2 voxels\)"):
        read_intensities(path)


def test_a_header_that_claims_more_than_memory_is_said_so(tmp_path):
    path = tmp_path / "v.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4)), path)
    content = bytearray(path.read_bytes())
    content[40:56] = struct.pack("<8h", 3, 30000, 30000, 30000, 1, 1, 1, 1)
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"a volume of 30000 x 30000 x 30000 voxels needs .* GiB of memory"):
        read_voxels(path)
