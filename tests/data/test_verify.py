"""Verifying a data set: every file is opened, and everything that is wrong is listed."""

import re
import shutil

import numpy as np
import pytest
from PIL import Image

from bench.core.console import Report
from bench.core.errors import DataError
from bench.data.dataset import read_data
from bench.data.decoding.files import TURNED
from bench.data.decoding.masks import BRIGHT_BACKGROUND
from bench.data.phantom import ensure_phantoms
from bench.data.verify import loaders, verify
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
    monkeypatch.setattr("bench.data.verify._open_case", lambda data_set, case: ([], []))
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


def test_what_is_read_with_a_remark_is_counted(root):
    """One file each is turned, and has a palette that draws background bright."""
    image = root / "drive/training/images/21_training.tif"
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(image) as opened:
        opened.transpose(Image.Transpose.ROTATE_90).save(image, exif=exif)
    before = DRIVE.reader.load_masks(next(c for c in DRIVE.reader.read(root / "drive") if c.image == image))
    mask = root / "drive/training/1st_manual/21_manual1.gif"
    drawn = Image.fromarray(before[0].astype("uint8")).convert("P")
    drawn.putpalette([255, 255, 255, 0, 0, 0] + [0] * 762)
    drawn.save(mask, optimize=False)
    found = verify(DRIVE, root, REPORT)
    assert found.problems == ()
    assert found.warnings == (
        f"drive: 1 files: {TURNED}; first {image}.",
        f"drive: 1 files: {BRIGHT_BACKGROUND}; first {mask}.",
    )
    case = next(c for c in DRIVE.reader.read(root / "drive") if c.image == image)
    assert (DRIVE.reader.load_masks(case) == before).all()


@pytest.mark.parametrize("which", ["images/21_training.tif", "1st_manual/21_manual1.gif", "mask/21_training_mask.gif"])
@pytest.mark.parametrize("fault", ["frames", "transparency", "not finite"])
def test_verify_names_what_a_run_cannot_read(root, which, fault):
    path = root / "drive/training" / which
    case = next(c for c in DRIVE.reader.read(root / "drive") if path in (c.image, *c.labels))
    size = DRIVE.reader.image_size(case)
    noise = np.random.default_rng(0).integers(0, 256, (*size, 4), dtype=np.uint8)
    if fault == "frames":
        Image.fromarray(noise[..., 0]).save(path, "TIFF", save_all=True, append_images=[Image.fromarray(noise[..., 1])])
    elif fault == "transparency":
        noise[..., :3] = 7 if "images" in which else noise[..., :3]
        Image.fromarray(noise).save(path, "PNG")
    else:
        Image.fromarray(np.full(size, np.nan, np.float32)).save(path, "TIFF")
    (problem,) = verify(DRIVE, root, REPORT).problems
    assert problem.startswith(f"{path}: ")
    with pytest.raises(DataError, match=re.escape(problem)):
        _ = [load(case) for load in loaders(DRIVE.reader)]
