"""Every part that a reader loads is checked; each mistake names file, reader and fix."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError, PluginError
from bench.core.task import Case, DataSet, Volume
from bench.data.contract import loads

CASE = Case("3.bin", Path("/data/own/3.bin"), None, None)
AFFINE = np.diag([1.0, 1.0, 3.0, 1.0])


@dataclass(frozen=True)
class Gives:
    """A reader whose `load_*` give what it was told."""

    values: Any

    layout = "x"

    def __getattr__(self, name):
        values = object.__getattribute__(self, "values")
        if name.removeprefix("load_") not in values:
            raise AttributeError(name)
        return lambda case: values[name.removeprefix("load_")]

    def __dir__(self):
        return [f"load_{name}" for name in self.values]


def data_set(**values):
    return DataSet("own", "Own", Gives(values), ("a", "b"), modality="-", citation="-", licence="-", obtain="-")


def volume(array, affine=AFFINE):
    return Volume(np.asarray(array), affine)


MASKS = np.zeros((2, 4, 6), bool)
WRONG = {
    "image as array": (
        "image",
        np.zeros((4, 6, 3), np.uint8),
        r"gave an array \(4, 6, 3\) of uint8; expected a Pillow",
    ),
    "grey image": ("image", Image.new("L", (6, 4)), r'mode L; expected 8-bit RGB.\nReturn image.convert\("RGB"\)'),
    "no image": ("image", None, "gave nothing; expected a Pillow image"),
    "one mask for two classes": ("masks", MASKS[:1], r"\(1, 4, 6\) of bool; expected \(2, H, W\), bool"),
    "flat mask": ("masks", MASKS[0], r"\(4, 6\) of bool; expected \(2, H, W\)"),
    "mask of numbers": ("masks", MASKS.astype(np.uint8) * 255, "uint8; expected .*\nCompare in the reader"),
    "region of numbers": ("region", MASKS[0].astype(float), r"expected \(H, W\), bool"),
    "volume as array": ("volume", np.zeros((3, 4, 5)), "expected a bench.Volume"),
    "flat volume": ("volume", volume(np.zeros((4, 5))), r"expected an array \(X, Y, Z\)"),
    "volume that is not finite": ("volume", volume(np.full((3, 4, 5), np.nan)), "not finite .60 of 60 voxels"),
    "complex volume": ("volume", volume(np.zeros((3, 4, 5), complex)), "expected real numbers"),
    "affine of three rows": ("volume", volume(np.zeros((3, 4, 5)), np.eye(3)), r"expected \(4, 4\)"),
    "affine without extent": ("volume", volume(np.zeros((3, 4, 5)), np.zeros((4, 4))), "places no voxels in space"),
    "label beyond the classes": ("labels", volume(np.full((3, 4, 5), 3)), "labels from 3 to 3; expected 0 .* to 2"),
    "negative label": ("labels", volume(np.full((3, 4, 5), -1)), "labels from -1 to -1"),
    "labels of fractions": ("labels", volume(np.zeros((3, 4, 5))), "float64; expected whole numbers"),
}


@pytest.mark.parametrize(("part", "value", "message"), WRONG.values(), ids=WRONG)
def test_a_part_that_breaks_the_contract_is_one_error(part, value, message):
    own = data_set(**{part: value})
    with pytest.raises(DataError, match=message) as caught:
        getattr(loads, f"load_{part}")(own, CASE)
    problems, _ = loads.part_problems(own, CASE)
    assert problems == [str(caught.value)]
    assert str(CASE.image) in problems[0]


@pytest.mark.parametrize(
    "values",
    [
        {"image": Image.new("RGB", (6, 4)), "masks": MASKS, "region": MASKS[0]},
        {"image": Image.new("RGB", (6, 4)), "masks": MASKS, "region": None},
        {"volume": volume(np.zeros((3, 4, 5), np.float32)), "labels": volume(np.full((3, 4, 5), 2, np.uint8))},
    ],
)
def test_parts_that_keep_the_contract(values):
    own = data_set(**values)
    assert loads.part_problems(own, CASE) == ([], 0)
    for part, value in values.items():
        assert getattr(loads, f"load_{part}")(own, CASE) is value


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"image": Image.new("RGB", (5, 4)), "masks": MASKS}, "image has 4 x 5 pixels and its masks the shape"),
        ({"image": Image.new("RGB", (6, 4)), "region": MASKS[0, :2]}, "and its region the shape"),
        (
            {"volume": volume(np.zeros((3, 4, 5))), "labels": volume(np.zeros((3, 4, 4), np.uint8))},
            r"the volume has shape \(3, 4, 5\) and its labels \(3, 4, 4\)",
        ),
    ],
)
def test_parts_that_do_not_fit_each_other(values, message):
    (problem,), _ = loads.part_problems(data_set(**values), CASE)
    with pytest.raises(DataError, match=message):
        raise DataError(problem)


class Failing:
    layout = "x"

    def load_image(self, case):
        raise KeyError("pixels")


def test_what_a_reader_raises_names_the_file_and_the_reader():
    own = replace(data_set(), reader=Failing())
    with pytest.raises(
        DataError, match=r"/data/own/3.bin: Failing.load_image cannot load it: 'pixels'.\nRestore .* or "
    ):
        loads.load_image(own, CASE)
    with pytest.raises(PluginError, match=r"The reader Failing of 'own' lacks load_masks. Add `def load_masks"):
        loads.load_masks(own, CASE)
    assert loads.load_region(own, CASE) is None


def test_without_a_load_of_its_own_files_are_decoded_as_they_are(tmp_path):
    own = replace(data_set(), reader=object())
    Image.new("RGB", (6, 4), "red").save(tmp_path / "a.png")
    assert loads.load_image(own, replace(CASE, image=tmp_path / "a.png")).getpixel((0, 0)) == (255, 0, 0)
    nibabel.save(nibabel.Nifti1Image(np.ones((3, 4, 5), np.float32), AFFINE), tmp_path / "a.nii")
    found = loads.load_volume(own, replace(CASE, image=tmp_path / "a.nii"))
    assert found.array.shape == (3, 4, 5)
    assert np.array_equal(found.affine, AFFINE)
    assert list(loads.loaders(own.reader)) == ["load_image"]


def test_which_cases_are_volumes_and_who_decodes_them():
    nifti, other = replace(CASE, image=Path("a.nii.gz")), CASE
    plain, own, images = type("Plain", (), {"plain_nifti": True, "load_volume": None})(), data_set(volume=1), Failing()
    assert [loads.decodes_volume(reader, nifti) for reader in (plain, own.reader, images)] == [False, True, False]
    assert [loads.decodes_volume(reader, other) for reader in (plain, own.reader, images)] == [True, True, False]
    assert [loads.shows_volume(reader, nifti) for reader in (plain, images, object())] == [True, False, True]
