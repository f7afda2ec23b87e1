"""NIfTI pairs by template, and nnU-Net's and the Decathlon's dataset.json."""

import json

import nibabel
import numpy as np
import pytest
from pydantic import ValidationError

from bench.core.errors import DataError
from tasks.layouts.nifti import Nifti


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(array.astype(np.int16), np.eye(4)), path)


LABELS = np.array([[[0, 1, 2]]])


def nnunet(folder, labels=LABELS):
    for name in ("liver_01", "liver_02"):
        save(folder / "imagesTr" / f"{name}_0000.nii.gz", LABELS * 100)
        save(folder / "imagesTr" / f"{name}_0001.nii.gz", LABELS * 50)
        save(folder / "labelsTr" / f"{name}.nii.gz", labels)
    save(folder / "imagesTs" / "liver_03_0000.nii.gz", LABELS)


def test_nnunet_is_read_by_its_first_channel(tmp_path):
    nnunet(tmp_path)
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "liver": 1, "tumour": 2}}))
    layout = Nifti()
    assert layout.classes(tmp_path, "segmentation_3d") == ("liver", "tumour")
    reader = layout.reader("segmentation_3d", ("liver", "tumour"))
    cases = reader.read(tmp_path)
    assert [(c.id, c.owner_split) for c in cases] == [(f"imagesTr/liver_0{i}_0000.nii.gz", None) for i in (1, 2)]
    assert reader.load_volume(cases[0]).array.tolist() == (LABELS * 100).tolist()
    assert reader.load_labels(cases[0]).array.tolist() == LABELS.tolist()


def test_the_decathlon_names_its_labels_the_other_way(tmp_path):
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": {"0": "background", "2": "tumour", "1": "liver"}}))
    assert Nifti().classes(tmp_path, "segmentation_3d") == ("liver", "tumour")
    assert Nifti().classes(tmp_path / "none", "segmentation_3d") == ()


@pytest.mark.parametrize(
    "labels", [{"background": 0, "a": 2}, {"background": 0}, ["a"], {"background": 0, "whole": [1, 2]}]
)
def test_other_labels_are_an_error(tmp_path, labels):
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    with pytest.raises(DataError, match=r"dataset.json: is no dataset.json of nnU-Net.*\n.*give `values`"):
        Nifti().classes(tmp_path, "segmentation_3d")


def test_values_and_a_test_split_are_options(tmp_path):
    for split in ("tr", "te"):
        save(tmp_path / split / "p1" / "ct.nii", LABELS)
        save(tmp_path / split / "p1" / "seg.nii", LABELS * 5)
    options = {"images": "tr/{case}/ct.nii", "labels": "tr/{case}/seg.nii", "values": {"a": 10, "b": 5}}
    layout = Nifti(**options, test_images="te/{case}/ct.nii", test_labels="te/{case}/seg.nii")
    assert layout.classes(tmp_path, "segmentation_3d") == ("a", "b")
    reader = layout.reader("segmentation_3d", ("a", "b"))
    cases = reader.read(tmp_path)
    assert [(c.id, c.owner_split) for c in cases] == [("te/p1/ct.nii", "test"), ("tr/p1/ct.nii", "train")]
    assert reader.load_labels(cases[0]).array.tolist() == [[[0, 2, 1]]]


def test_one_structure_is_whatever_is_above_0(tmp_path):
    nnunet(tmp_path, LABELS * 7)
    reader = Nifti().reader("segmentation_3d", ("organ",))
    assert reader.load_labels(reader.read(tmp_path)[0]).array.tolist() == [[[0, 1, 1]]]


def test_what_is_wrong_is_an_error(tmp_path):
    nnunet(tmp_path, LABELS + 2)
    reader = Nifti().reader("segmentation_3d", ("liver", "tumour"))
    with pytest.raises(DataError, match="holds values that are no class: 3, 4; expected 0, 1, 2"):
        reader.load_labels(reader.read(tmp_path)[0])
    (tmp_path / "labelsTr" / "liver_02.nii.gz").unlink()
    with pytest.raises(DataError, match="this image has no label file"):
        reader.read(tmp_path)
    with pytest.raises(DataError, match="one of test_images and test_labels"):
        Nifti(test_images="te/{case}.nii").reader("segmentation_3d", ("a",))
    with pytest.raises(ValidationError, match=r"must have \{case\}"):
        Nifti(images="{site}/{case}.nii")
