"""COCO: boxes and masks of known annotations, splits, and one error for each wrong entry."""

import json
import shutil

import numpy as np
import pytest
from pycocotools import mask as pycoco

from bench.core.errors import DataError
from bench.core.task import Box
from tasks.layouts.coco import Coco
from tests.tasks.layouts.written import coco, picture

CLASSES = ("rbc", "wbc")
ONE = {"id": 1, "image_id": 0, "category_id": 7, "bbox": [10, 5, 20, 10]}


def reader(kind="detection", **options):
    return Coco(**options).reader(kind, CLASSES)


def test_boxes_are_corner_and_size(tmp_path):
    coco(tmp_path)
    a, b = reader().read(tmp_path)
    assert (a.id, a.target.boxes) == ("images/a.png", (Box(1, 10, 5, 30, 15),))
    assert b.target.boxes == ()
    assert Coco().classes(tmp_path, "detection") == CLASSES, "by number"


def test_outlines_are_masks(tmp_path):
    coco(tmp_path)
    masks = reader("segmentation_2d")
    a, b = masks.read(tmp_path)
    found = masks.load_masks(a)
    expected = np.zeros((30, 40), dtype=bool)
    expected[5:15, 10:30] = True
    assert (found.shape, found.dtype) == ((2, 30, 40), bool)
    assert not found[0].any()
    assert found[1].tolist() == expected.tolist()
    assert not masks.load_masks(b).any()
    assert masks.load_region(a) is None
    assert masks.load_image(a).size == (40, 30)
    assert a.labels == (tmp_path / "annotations.json",)
    assert a.content != b.content, "equal images with other outlines are other cases"
    assert masks.remarks([a, b]) == ("no outline is of rbc: nothing is learned or scored for them.",)


@pytest.mark.parametrize("text", [True, False])
def test_run_lengths_agree_with_pycocotools(tmp_path, text):
    mask = np.random.default_rng(0).random((30, 40)) > 0.6
    packed = pycoco.encode(np.asfortranarray(mask.astype(np.uint8)))
    counts = packed["counts"].decode()
    if not text:
        flat = mask.T.ravel()
        edges = np.flatnonzero(np.diff(flat)) + 1
        counts = np.diff([0, *edges, flat.size]).tolist()
        counts = [0, *counts] if flat[0] else counts
    coco(tmp_path, [{**ONE, "segmentation": {"size": [30, 40], "counts": counts}, "iscrowd": 1}])
    masks = reader("segmentation_2d", crowd=True)
    assert masks.load_masks(masks.read(tmp_path)[0])[1].tolist() == mask.tolist()
    assert reader("segmentation_2d").read(tmp_path)[0].target == (), "a crowd is left out"


def test_splits_have_files_and_folders_of_their_own(tmp_path):
    for split in ("train", "val"):
        coco(tmp_path / split)
    shutil.copytree(tmp_path / "train", tmp_path / "extra")
    cases = reader(annotations="{split}/annotations.json", images="{split}/images").read(tmp_path)
    assert [(c.id, c.owner_split) for c in cases] == [
        ("train/images/a.png", "train"),
        ("train/images/b.png", "train"),
        ("val/images/a.png", "validation"),
        ("val/images/b.png", "validation"),
    ]


RLE = {"size": [30, 40], "counts": [1200]}


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("detection", {"bbox": [10, 5, 0, 10]}, "annotation 1: this box is inverted or has no area"),
        ("detection", {"bbox": [50, 5, 10, 10]}, "lies outside its image of 40 x 30 pixels"),
        ("detection", {"bbox": [float("nan"), 5, 1, 1]}, "`bbox` must be a finite number; found nan"),
        ("detection", {"bbox": [10**400, 5, 1, 1]}, "`bbox` must be a finite number; found inf"),
        ("detection", {"bbox": [True, 5, 1, 1]}, "`bbox` must be a number; found True"),
        ("detection", {"bbox": [5, 1, 1]}, "`bbox` must be [x, y, width, height]"),
        ("detection", {"category_id": 9}, "category_id 9 is that of no category"),
        ("detection", {"category_id": [3]}, "category_id [3] is that of no category"),
        ("detection", {"image_id": 5}, "annotation 1: its image_id is that of no image"),
        ("segmentation_2d", {"segmentation": None}, "`segmentation` must be polygons or run lengths; found None"),
        ("segmentation_2d", {"segmentation": []}, "`segmentation` must be polygons or run lengths; found []"),
        ("segmentation_2d", {"segmentation": [[1, 2, 3, 4]]}, "a polygon must be six finite numbers or more"),
        ("segmentation_2d", {"segmentation": [[1, 2, 3, 4, "a", 6]]}, "a polygon must be six finite numbers or more"),
        ("segmentation_2d", {"segmentation": [[90, 5, 95, 5, 95, 9]]}, "this outline has no area inside its image"),
        ("segmentation_2d", {"segmentation": RLE | {"size": [40, 30]}}, "the run lengths are of [40, 30]"),
        ("segmentation_2d", {"segmentation": RLE | {"counts": [5, 6]}}, "the run lengths do not fill the image"),
        ("segmentation_2d", {"segmentation": RLE | {"counts": [-5, 1205]}}, "the run lengths do not fill the image"),
        ("segmentation_2d", {"segmentation": RLE | {"counts": "0123"}}, "the run lengths do not fill the image"),
        ("segmentation_2d", {"segmentation": RLE | {"counts": "\x01"}}, "is no character of run lengths"),
        ("segmentation_2d", {"segmentation": RLE | {"counts": "o" * 40}}, "is no character of run lengths"),
        ("segmentation_2d", {"segmentation": RLE | {"counts": 7}}, "the run lengths do not fill the image"),
        ("segmentation_2d", {"segmentation": RLE}, "the run lengths have no pixel inside"),
    ],
)
def test_wrong_annotations_are_one_error(tmp_path, kind, change, message):
    path = coco(tmp_path, [{**ONE, **change}])
    with pytest.raises(DataError) as caught:
        reader(kind).read(tmp_path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": 3}, "`images` must be a list of objects"),
        (
            {"categories": [{"id": 7, "name": "wbc"}, {"id": 7, "name": "rbc"}]},
            "its id 7 is no whole number, or is there",
        ),
        ({"categories": [{"id": 7, "name": ""}]}, "`name` must be a text; found ''"),
        ({"categories": [{"id": 7, "name": "plt"}]}, "'plt' is none of the classes (rbc, wbc)"),
        ({"images": [{"id": 0, "file_name": "a.png"}] * 2}, "2 images have the id 0"),
        ({"images": [{"id": 0, "file_name": "c.png"}]}, "there is no file"),
        ({"images": [{"id": 0, "file_name": "../annotations.json"}]}, "leads outside the data set's folder"),
        ({"images": [{"id": 0}]}, "`file_name` must be a text; found None"),
        ({"images": [{"id": 0, "file_name": "a.png", "width": 80}]}, "width 80 is said, and"),
        ({"images": [{"id": 0, "file_name": "a.png", "width": 0}]}, "`width` must be above 0"),
    ],
)
def test_wrong_files_are_one_error(tmp_path, changes, message):
    path = coco(tmp_path, **changes)
    with pytest.raises(DataError) as caught:
        reader().read(tmp_path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_no_json_and_other_files_are_errors(tmp_path):
    with pytest.raises(DataError, match=r"no file of the form annotations.json \(JSON files: none\)"):
        reader().read(tmp_path)
    assert not reader().matches(tmp_path)
    path = coco(tmp_path)
    assert reader().matches(tmp_path)
    for text in ("[" * 100_000, "[1]", "{", json.dumps({"images": []})):
        path.write_text(text)
        with pytest.raises(DataError, match=r"annotations.json"):
            reader().read(tmp_path)


def test_an_image_of_another_size_is_an_error(tmp_path):
    coco(tmp_path)
    picture(tmp_path / "images" / "a.png", 20, 15)
    with pytest.raises(DataError, match=r"width 40 is said, and .*a.png has 20"):
        reader().read(tmp_path)
