"""A test split in which there is nothing to find is an error before anything is trained."""

import shutil
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from PIL import Image

from bench.core.registry import kinds, tasks
from bench.core.task import BoxTarget


def empty_masks(folder):
    for path in (folder / "drive" / "test" / "1st_manual").iterdir():
        with Image.open(path) as image:
            Image.new("L", image.size).save(path)


def test_masks_that_are_all_empty(bench, segmentation_root, tmp_path):
    shutil.copytree(segmentation_root / "drive", tmp_path / "data" / "drive")
    empty_masks(tmp_path / "data")
    done = bench(
        "run", "--method", "random", "--task", "drive", "--seed", "0", "--data-root", tmp_path / "data",
        "--results", tmp_path / "results", "--cache", tmp_path / "cache", "--set=task.image_size=32",
    )  # fmt: skip
    assert done.code == 3
    assert "drive: none of the 6 test cases holds anything to find" in done.err
    assert not list((tmp_path / "results").rglob("*.json"))


def kind_of(name):
    task = tasks().get(name)
    cls = kinds().get(task.kind)
    return task, cls(task, cls.settings_class(image_size=64))


def test_a_volume_without_labels_has_no_truth(segmentation_root, tmp_path):
    task, kind = kind_of("brats")
    case = task.data.reader.read(segmentation_root / "brats")[0]
    assert kind.has_truth(case)
    stored = nibabel.load(case.labels[0])
    nibabel.save(nibabel.Nifti1Image(np.zeros(stored.shape, np.int16), stored.affine), tmp_path / "seg.nii.gz")
    assert not kind.has_truth(replace(case, labels=(tmp_path / "seg.nii.gz",)))


@pytest.mark.parametrize("boxes", [(), (1,)])
def test_an_image_without_boxes_has_no_truth(boxes):
    _, kind = kind_of("kvasir_det")
    case = type("Case", (), {"target": BoxTarget(10, 10, boxes, 0)})()
    assert kind.has_truth(case) == bool(boxes)
