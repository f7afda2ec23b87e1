"""DICOM volumes: voxels and places of known series, and one error for what is no volume."""

import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom")

import pydicom
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless, generate_uid

from bench.core.errors import DataError
from bench.data.decoding.dicom_series import is_series, read_series, read_slices
from bench.data.decoding.images import read_image
from bench.data.volumes import is_volume, read_grid, read_intensities, read_voxels, through_plane
from tests.data.decoding.dicom_files import dataset, write, write_series

VOLUME = np.arange(4 * 3 * 5, dtype=np.int16).reshape(4, 3, 5)


def test_a_series_is_a_volume_sorted_by_place(tmp_path):
    folder = write_series(tmp_path / "s", VOLUME, order=[3, 0, 4, 2, 1])
    (folder / "notes.txt").write_text("no image")
    voxels, grid = read_voxels(folder), read_grid(folder)
    assert is_volume(folder)
    assert voxels.tolist() == VOLUME.tolist()
    assert (voxels.dtype.kind, grid.shape) == ("i", (4, 3, 5))
    assert grid.affine.tolist() == [[-0.5, 0, 0, -10], [0, -0.8, 0, -20], [0, 0, 2, 30], [0, 0, 0, 1]]
    assert through_plane(grid) == (2, 5)


@pytest.mark.parametrize(
    "axes", [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1], [1, 0, 0, 0, 0, -1], [0.8, 0.6, 0, -0.6, 0.8, 0]]
)
def test_places_agree_with_nibabel(tmp_path, axes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nibabel.nicom.dicomwrappers import wrapper_from_file
    normal = np.cross(axes[:3], axes[3:])
    for k in range(3):
        place = list(np.array([5.0, 6, 7]) + 2.5 * k * normal)
        fields = {"ImagePositionPatient": place, "ImageOrientationPatient": axes, "PixelSpacing": [0.7, 0.9]}
        write(
            tmp_path / f"{k}.dcm", np.full((4, 6), k, np.int16), SeriesInstanceUID="1.2", SliceThickness=2.5, **fields
        )
    theirs = wrapper_from_file(tmp_path / "0.dcm").affine  # of rows, columns, to left-posterior-superior
    ours = read_grid(tmp_path).affine
    turned = np.diag([-1, -1, 1, 1]) @ theirs[:, [1, 0, 2, 3]]
    assert np.allclose(ours[:, [0, 1, 3]], turned[:, [0, 1, 3]], atol=1e-5)
    assert np.allclose(np.diag([-1, -1, 1]) @ ours[:3, 2], 2.5 * normal)
    assert read_voxels(tmp_path)[0, 0].tolist() == [0, 1, 2]


def test_each_slice_has_its_own_scaling(tmp_path):
    folder = write_series(tmp_path / "s", VOLUME)
    for number, path in enumerate(sorted(folder.iterdir())):
        data = dcmread(path)
        data.RescaleSlope, data.RescaleIntercept = number + 1, -1000
        data.save_as(path)
    expected = VOLUME * np.arange(1, 6) - 1000
    assert read_intensities(folder).tolist() == expected.astype(np.float32).tolist()


def test_a_compressed_series_is_the_same(tmp_path):
    assert read_series(write_series(tmp_path / "s", VOLUME, syntax=RLELossless)).tolist() == VOLUME.tolist()


def test_monochrome1_is_inverted_within_its_bits(tmp_path):
    low = VOLUME.astype(np.uint16)
    folder = write_series(tmp_path / "s", low, PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11)
    assert read_series(folder).tolist() == (4095 - low).tolist()


def test_one_file_of_several_frames_is_a_volume(tmp_path):
    path = write(tmp_path / "v.dcm", np.ascontiguousarray(VOLUME.transpose(2, 1, 0)), PixelSpacing=[0.8, 0.5])
    assert is_series(path)
    assert read_series(path).tolist() == VOLUME.tolist()
    assert np.diag(read_slices(path).affine).tolist() == [-0.5, -0.8, 1, 1]
    assert not is_series(write(tmp_path / "one.dcm", VOLUME[..., 0]))


def test_enhanced_frames_have_places_and_scaling_of_their_own(tmp_path):
    def item(**fields):
        one = Dataset()
        for name, value in fields.items():
            setattr(one, name, value)
        return one

    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[0.8, 0.5], SliceThickness=2)],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
    )
    frames = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=[10, 20, 38 - 2 * k])],
            PixelValueTransformationSequence=[item(RescaleSlope=k + 1, RescaleIntercept=1, RescaleType="US")],
        )
        for k in range(5)
    ]
    groups = {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": frames}
    path = write(tmp_path / "v.dcm", np.ascontiguousarray(VOLUME.transpose(2, 1, 0)), **groups)
    expected = (VOLUME * np.arange(1, 6) + 1)[..., ::-1]
    assert read_series(path).tolist() == expected.tolist()
    assert read_grid(path).affine[:3, 3].tolist() == [-10, -20, 30]


def change(folder, number, **fields):
    path = sorted(folder.iterdir())[number]
    data = dcmread(path)
    for name, value in fields.items():
        setattr(data, name, value)
    data.save_as(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: change(f, 2, SeriesInstanceUID=generate_uid()), "slices of several series: 000.dcm and 002.dcm"),
        (lambda f: change(f, 2, PixelSpacing=[1, 1]), "slices of several pixel spacings: 000.dcm and 002.dcm"),
        (lambda f: change(f, 2, ImageOrientationPatient=[0, 1, 0, 0, 0, 1]), "slices of several orientations"),
        (lambda f: (f / "002.dcm").unlink(), "slices are missing: 001.dcm and 003.dcm are 4 mm apart, others 2 mm"),
        (lambda f: change(f, 2, ImagePositionPatient=[10, 20, 34.5]), "slices are not evenly spaced"),
        (
            lambda f: change(f, 2, ImagePositionPatient=[10, 20, 32]),
            "two slices lie at one place (001.dcm and 002.dcm)",
        ),
        (lambda f: [change(f, k, ImagePositionPatient=[10, 20 + k, 30 + 2 * k]) for k in range(5)], "gantry tilt"),
        (lambda f: change(f, 2, ImagePositionPatient=[10, 20]), "is no readable DICOM series"),
        (lambda f: [change(f, k, PixelSpacing=[0, 1]) for k in range(5)], "place no pixels"),
        (lambda f: [change(f, k, ImageOrientationPatient=[1, 0, 0, 1, 0, 0]) for k in range(5)], "not at right angles"),
        (lambda f: [p.unlink() for p in f.iterdir()], "this folder holds no DICOM image in greys"),
        (lambda f: (f / "002.dcm").write_bytes(b"damaged"), "it is no DICOM file"),
        (lambda f: write(f / "9.dcm", VOLUME.transpose(2, 1, 0).copy(), SeriesInstanceUID="1.2"), "several frames"),
    ],
)
def test_what_is_no_volume_is_one_error(tmp_path, damage, message):
    folder = write_series(tmp_path / "s", VOLUME)
    damage(folder)
    with pytest.raises(DataError) as caught:
        read_voxels(folder)
    text = str(caught.value)
    assert text.startswith(str(folder))
    assert message in text
    assert len(text.splitlines()) == 2


def test_truncated_pixels_name_their_file(tmp_path):
    folder = write_series(tmp_path / "s", VOLUME)
    path = folder / "003.dcm"
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(DataError, match=r"003\.dcm: cannot be decoded"):
        read_series(folder)


def test_slices_without_places_and_colours_are_errors(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    for k in range(2):
        write(folder / f"{k}.dcm", VOLUME[..., k], SeriesInstanceUID="1.2")
    with pytest.raises(DataError, match="a slice has no position or orientation"):
        read_slices(folder)
    colours = tmp_path / "c"
    colours.mkdir()
    data = dataset(np.zeros((4, 4, 3), np.uint8), ImagePositionPatient=[0, 0, 0])
    data.save_as(colours / "a.dcm", enforce_file_format=True)
    with pytest.raises(DataError, match="its pixels are colours"):
        read_series(colours)


def test_a_single_slice_has_its_thickness(tmp_path):
    folder = write_series(tmp_path / "s", VOLUME[..., :1], SliceThickness=3.5)
    assert read_slices(folder).affine[2, 2] == 3.5


def test_files_that_pydicom_ships_are_read_or_one_error():
    root = Path(pydicom.__file__).parent / "data" / "test_files"
    found = {path.name: outcome(path) for path in sorted(root.rglob("*.dcm"))}
    assert set(found.values()) <= {"read", "one error"}
    for name in ("CT_small.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "examples_palette.dcm"):
        assert found.get(name, "read") == "read", name
    for name in ("rtdose.dcm", "rtplan.dcm", "test-SR.dcm", "MR_truncated.dcm"):
        assert found.get(name, "one error") == "one error", name


def outcome(path) -> str:
    try:
        if is_volume(path):
            read_voxels(path)
        else:
            read_image(path)
    except DataError as error:
        text = str(error)
        return "one error" if len(text.splitlines()) == 2 and "list index" not in text else text
    return "read"
