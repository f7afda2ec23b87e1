"""Further files of a held-out subject: other sequences beside it, its files elsewhere, and nothing of anybody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.core.task import Case
from bench.data.splits import make_split
from bench.pretraining.siblings import Siblings, stem
from tasks.brats import BRATS


def siblings(root: Path, trained: dict[str, str | None], tested: dict[str, str | None]) -> Siblings:
    """Of a data set under `root`: path -> subject of its training and test cases."""
    from bench.data.dataset import Data

    sides = [
        tuple(Case(path, root / path, 0, None, subject) for path, subject in side.items()) for side in (trained, tested)
    ]
    cases = tuple(sorted((*sides[0], *sides[1]), key=lambda case: case.id))
    data = Data(BRATS, root, "real", cases, {}, {}, (), "", {})
    return Siblings.of([(data, make_split(sides[0], (), sides[1], 0))])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BraTS19_CBICA_AAB_1_t1ce.nii.gz", "brats19_cbica_aab_1"),
        ("BraTS19_CBICA_AAB_1_FLAIR.nii", "brats19_cbica_aab_1"),
        ("prostate_03_0000.nii.gz", "prostate_03"),
        ("ct_train_1001_image.nii.gz", "ct_train_1001"),
        ("ct_train_1001_label.nii.gz", "ct_train_1001"),
        ("Case07_segmentation.nii.gz", "case07"),
        ("IM-0001.png", "im-0001"),
        ("img_0002.png", "img_0002"),
        ("slice7.png", "slice7"),
    ],
)
def test_a_sequence_is_no_part_of_a_subjects_name(name, expected):
    assert stem(Path("somewhere", name)) == expected


def test_other_sequences_of_a_test_case_are_siblings_wherever_they_lie(tmp_path):
    held_out = siblings(
        tmp_path / "brats",
        {"HGG/BraTS19_A_1/BraTS19_A_1_flair.nii.gz": "BraTS19_A_1"},
        {"HGG/BraTS19_B_1/BraTS19_B_1_flair.nii.gz": "BraTS19_B_1"},
    )
    assert tmp_path / "brats/HGG/BraTS19_B_1/BraTS19_B_1_t1ce.nii.gz" in held_out
    assert tmp_path / "brats/HGG/BraTS19_B_1/notes.png" in held_out, "the folder is this subject's alone"
    assert tmp_path / "copies/brats19_b_1_T2.nii" in held_out, "a telling name counts elsewhere"
    assert tmp_path / "copies/BraTS19_B_1/t2.nii.gz" in held_out, "and so does a folder of that name"
    assert tmp_path / "brats/HGG/BraTS19_A_1/BraTS19_A_1_t1ce.nii.gz" not in held_out
    assert tmp_path / "brats/HGG/other/BraTS19_C_1_t1.nii.gz" not in held_out


def test_names_that_say_little_count_inside_their_data_set_alone(tmp_path):
    held_out = siblings(tmp_path / "set", {"a/0001.png": None}, {"b/image_0002.png": None, "b/0003.png": None})
    assert tmp_path / "set/c/0003.tif" in held_out
    assert tmp_path / "elsewhere/0003.tif" not in held_out
    assert tmp_path / "elsewhere/image_0002.png" not in held_out


def test_a_folder_of_several_subjects_is_nobodys(tmp_path):
    held_out = siblings(tmp_path, {"all/p1_a.png": "p1"}, {"all/p2_a.png": "p2"})
    assert tmp_path / "all/p3_a.png" not in held_out
    assert tmp_path / "all/p2_b.png" not in held_out, "p2_b is another name, and the folder is shared"
    nested = siblings(tmp_path, {"p2/deeper/p1.png": "p1"}, {"p2/scan.png": "p2"})
    assert tmp_path / "p2/further.png" not in nested, "another subject's folder lies inside"


def test_a_name_of_both_sides_tells_nothing(tmp_path):
    held_out = siblings(tmp_path, {"a/session01x.png": "p1"}, {"b/session01x.png": "p2"})
    assert tmp_path / "elsewhere/session01x.png" not in held_out


def test_links_are_followed(tmp_path):
    (tmp_path / "set/p2").mkdir(parents=True)
    (tmp_path / "set/p2/scan_t1.nii").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "set/p2")
    held_out = siblings(tmp_path / "set", {"p1/scan_t2.nii": "p1"}, {"p2/scan_t2.nii": "p2"})
    assert tmp_path / "link/scan_t1.nii" in held_out
    assert replace(held_out, folders=frozenset()) != held_out
