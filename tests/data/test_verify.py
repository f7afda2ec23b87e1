"""Verifying a data set: every file is opened, and everything that is wrong is listed."""

import shutil

import nibabel
import numpy as np
import pytest
from PIL import Image

from bench.core.console import Report
from bench.data.contract.loads import loaders
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantoms
from bench.data.verify import verify
from tasks.brats import BRATS
from tasks.drive import DRIVE
from tasks.fgadr import FGADR

REPORT = Report(quiet=True)


@pytest.fixture(scope="module")
def clean_root(tmp_path_factory):
    return ensure_phantoms([DRIVE, FGADR], tmp_path_factory.mktemp("verify"))


@pytest.fixture
def root(clean_root, tmp_path):
    return shutil.copytree(clean_root, tmp_path / "data")


def test_every_file_is_opened_and_nothing_is_wrong(clean_root):
    drive, fgadr = (verify(data_set, clean_root, REPORT) for data_set in (DRIVE, FGADR))
    assert (drive.problems, drive.n_cases, drive.n_files) == ((), 16, 48)
    assert (fgadr.problems, fgadr.n_cases, fgadr.n_files) == ((), 100, 100)
    assert fgadr.fingerprint == read_data(FGADR, clean_root).fingerprint
    assert len(loaders(DRIVE.reader)) == 3


def test_all_problems_are_listed_not_only_the_first(root):
    first, second = sorted((root / "fgadr/Seg-set/Original_Images").iterdir())[:2]
    first.write_bytes(first.read_bytes()[:200])
    second.write_text("no image")
    table = root / "fgadr/Seg-set/DR_Seg_Grading_Label.csv"
    table.write_text(table.read_text().replace("0002_1.png,2", "0002_1.png,3"))
    found = verify(FGADR, root, REPORT)
    assert [p.split(":")[0] for p in found.problems] == ["fgadr", "fgadr", str(first), str(second)]
    assert "all/moderate has" in found.problems[0]


def test_empty_files_are_listed_with_everything_else(root):
    """Files that cannot be hashed end the reading of a data set, but not its verification."""
    images = sorted((root / "drive/training/images").iterdir())
    masks = sorted((root / "drive/training/1st_manual").iterdir())
    for path in (images[0], images[1], masks[2]):
        path.write_bytes(b"")
    images[3].write_text("no image")
    found = verify(DRIVE, root, REPORT)
    assert [p.split(":")[0] for p in found.problems] == [str(p) for p in (*images[:2], masks[2], images[3])]
    assert ["(0 bytes)" in p for p in found.problems] == [True, True, True, False]
    assert (found.n_cases, found.n_files, found.fingerprint) == (16, 48, None)
    assert {split: sum(n.values()) for split, n in found.counts.items()} == {"train": 10, "test": 6}


def test_a_broken_file_that_no_loader_opens_is_listed(root, monkeypatch):
    bad = [root / f"drive/training/mask/{number}_training_mask.gif" for number in (21, 22)]
    for path in bad:
        path.write_bytes(b"")
    monkeypatch.setattr("bench.data.verify._open_case", lambda data_set, case: ([], 0))
    problems = verify(DRIVE, root, REPORT).problems
    assert [p.split(".\n")[0] for p in problems] == [f"{path}: this file is empty (0 bytes)" for path in bad]


def test_a_file_that_cannot_be_read_is_listed(root, monkeypatch):
    """Permissions do not stop every user, so the failure is made."""
    bad = root / "fgadr/Seg-set/Original_Images/0000_1.png"
    whole = type(bad).open

    def refuse(path, *args, **kwargs):
        if path == bad:
            raise PermissionError(13, "Permission denied")
        return whole(path, *args, **kwargs)

    monkeypatch.setattr(type(bad), "open", refuse)
    found = verify(FGADR, root, REPORT)
    (problem,) = found.problems
    assert problem.startswith(f"{bad}: cannot be read: Permission denied")
    assert found.n_cases == 100


def test_masks_are_opened_too(root):
    mask = root / "drive/training/1st_manual/21_manual1.gif"
    Image.new("L", (10, 10)).save(mask)
    found = verify(DRIVE, root, REPORT)
    assert len(found.problems) == 1
    assert str(mask) in found.problems[0]


def test_identical_images_with_other_labels_are_a_warning(root):
    images = root / "fgadr/Seg-set/Original_Images"
    shutil.copy(images / "0000_1.png", images / "0003_1.png")
    found = verify(FGADR, root, REPORT)
    assert found.problems == ()
    assert "1 groups of byte-identical images have different labels" in found.warnings[0]


def test_a_layout_that_cannot_be_read_is_one_problem(root):
    (root / "fgadr/Seg-set/DR_Seg_Grading_Label.csv").unlink()
    (problem,) = verify(FGADR, root, REPORT).problems
    assert "this file is missing" in problem


def test_rounded_label_maps_are_counted(tmp_path):
    root = ensure_phantoms([BRATS], tmp_path)
    assert verify(BRATS, root, REPORT).warnings == ()
    label = BRATS.reader.read(root / "brats")[0].labels[0]
    stored = nibabel.load(label)
    nearly = np.asarray(stored.dataobj).astype(np.float32) * np.float32(0.9999999)
    nibabel.save(nibabel.Nifti1Image(nearly, stored.affine), label)
    found = verify(BRATS, root, REPORT)
    assert found.problems == ()
    (warning,) = found.warnings
    assert warning.startswith(f"brats: label maps of 1 cases hold {int((nearly != np.rint(nearly)).sum())} voxels that")
