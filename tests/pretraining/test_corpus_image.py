"""Volumes of a corpus: the pixels that MONAI's own transforms give, and one clear error for every bad file."""

import nibabel
import numpy as np
import pytest
from monai.transforms import Compose, EnsureChannelFirst, LoadImage, Orientation, ScaleIntensityRangePercentiles

from bench.core.errors import DataError
from bench.pretraining.corpus import manifest_corpus
from bench.pretraining.corpus_image import read_volume

OBLIQUE = np.array([[0.1, -0.9, 0.4, 3], [0.95, 0.2, -0.2, 5], [0.2, 0.1, 2.8, -9], [0, 0, 0, 1.0]])
AFFINES = {
    "RAS": np.diag([1, 1, 3, 1.0]),
    "LPS": np.diag([-1, -1, 3, 1.0]),
    "SRP": np.array([[0, 2, 0, 7], [0, 0, -1, 0], [1.5, 0, 0, 0], [0, 0, 0, 1.0]]),
    "oblique": OBLIQUE,
}


def test_volumes_of_almost_one_value_are_scaled_between_their_extremes(tmp_path):
    array = np.zeros((10, 10, 10), np.int16)
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / "constant.nii")
    array[5, 5, 5] = 1000
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / "sparse.nii")
    assert not read_volume(tmp_path / "constant.nii").any()
    assert np.unique(read_volume(tmp_path / "sparse.nii")).tolist() == [0, 255]


def by_monai(path):
    steps = [
        LoadImage(image_only=True, reader="NibabelReader"),
        EnsureChannelFirst(),
        Orientation(axcodes="RAS", labels=None),
        ScaleIntensityRangePercentiles(0.5, 99.5, 0, 255, clip=True),
    ]
    return Compose(steps)(path)[0].numpy().astype(np.uint8)


def save(path, dtype="<i2", affine=OBLIQUE, slope=None, shape=(9, 8, 7)):
    values = np.random.default_rng(0).gamma(2, 300, size=shape)
    if np.dtype(dtype).kind != "f":
        values = values.clip(0, np.iinfo(dtype).max)
    header = nibabel.Nifti1Header(endianness="<" if np.dtype(dtype).str[0] in "<|" else ">")
    image = nibabel.Nifti1Image(values.astype(dtype), affine, header, dtype=dtype)
    if slope:
        image.header.set_slope_inter(*slope)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<i4", "<f4", "<f8"])
def test_pixels_are_those_of_monai(tmp_path, dtype, affine):
    path = save(tmp_path / "v.nii.gz", dtype, affine)
    found, expected = read_volume(path), by_monai(path)
    assert (found.dtype, found.shape) == (np.uint8, expected.shape)
    assert np.array_equal(found, expected)
    assert np.ptp(found) == 255


@pytest.mark.parametrize(
    "how", [{"slope": (0.37, -12.5)}, {"shape": (9, 8, 7, 1)}, {"dtype": "<f4", "slope": (2.0, 1.0)}], ids=str
)
def test_scaled_and_wrapped_volumes_too(tmp_path, how):
    path = save(tmp_path / "v.nii", **how)
    assert np.array_equal(read_volume(path), by_monai(path))


def read_first(tmp_path):
    (tmp_path / "c.csv").write_text("path\nv.nii.gz\n")
    return manifest_corpus(tmp_path / "c.csv", []).images[0].read()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_voxel_that_is_not_finite_is_an_error(tmp_path, value):
    array = np.ones((4, 5, 6), dtype=np.float32)
    array[1, 2, 3] = value
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / "v.nii.gz")
    with pytest.raises(DataError, match=r"v\.nii\.gz: holds values that are not finite \(1 of 120 voxels\)"):
        read_first(tmp_path)


def test_a_truncated_file_is_named_as_readers_do(tmp_path):
    path = save(tmp_path / "v.nii.gz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"v\.nii\.gz is not a readable NIfTI volume: (?!.*transform)"):
        read_first(tmp_path)


def test_two_volumes_in_one_file_are_an_error(tmp_path):
    save(tmp_path / "v.nii.gz", shape=(4, 5, 6, 2))
    with pytest.raises(DataError, match=r"shape \(4, 5, 6, 2\); expected one 3D volume"):
        read_first(tmp_path)
