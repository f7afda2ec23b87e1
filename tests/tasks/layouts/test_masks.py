"""Images and masks by template: pairing, uniting, sites and splits, and what is wrong with files."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from tasks.layouts.masks import Masks
from tests.own_data import draw

TEMPLATES = {"images": "{case}/images/*.png", "masks": "{case}/masks/*.png"}


@pytest.fixture
def folder(tmp_path):
    draw(tmp_path / "nuclei", "segmentation_2d", ("nucleus",), "masks", **TEMPLATES)
    return tmp_path / "nuclei"


def reader(classes=("nucleus",), **options):
    return Masks(**{**TEMPLATES, **options}).reader("segmentation_2d", classes)


def test_several_masks_of_a_case_are_united(folder):
    for i in range(2):
        mask = np.zeros((64, 64), np.uint8)
        mask[i, :] = 255
        Image.fromarray(mask).save(folder / "case000" / "masks" / f"more{i}.png")
    (folder / "case000" / "masks" / "0.png").unlink()
    case = reader().read(folder)[0]
    assert case.id == "case000/images/0.png"
    assert len(case.labels) == 2
    masks = reader().load_masks(case)
    assert masks.shape == (1, 64, 64)
    assert masks[0, :2].all()
    assert not masks[0, 2:].any()


def test_structures_have_a_template_or_a_value_each(tmp_path):
    each = {"images": "i/{case}.png", "masks": {"disc": "d/{case}.png", "cup": "c/{case}.png"}}
    values = {"images": "i/{case}.png", "masks": "m/{case}.png", "values": {"disc": 3, "cup": 5}}
    loaded = []
    for name, options in {"each": each, "values": values}.items():
        draw(tmp_path / name, "segmentation_2d", ("disc", "cup"), "masks", **options)
        layout = Masks(**options)
        assert layout.classes(tmp_path, "segmentation_2d") == ("disc", "cup")
        read = layout.reader("segmentation_2d", ("disc", "cup"))
        loaded.append(read.load_masks(read.read(tmp_path / name)[0]))
    assert (loaded[0] == loaded[1]).all()
    assert loaded[0].any(axis=(1, 2)).all()


def test_sites_and_splits_stand_where_the_template_says(tmp_path):
    options = {
        "images": "{site}/{split}/{case}.png",
        "masks": "{site}/masks/{case}.png",
        "region": "fov/{site}/{case}.png",
    }
    draw(tmp_path, "segmentation_2d", ("a",), "masks", ("x", "y"), **options)
    cases = reader(("a",), **options).read(tmp_path)
    assert Counter((case.domain, case.owner_split) for case in cases) == {
        (site, split): n for site in "xy" for split, n in (("train", 18), ("test", 6))
    }
    assert reader(("a",), **options).load_region(cases[0]).all()
    assert reader(("a",), **options).remarks(cases) == ()
    shutil.rmtree(tmp_path / "fov" / "y")
    read = reader(("a",), **options)
    cases = read.read(tmp_path)
    assert read.load_region(cases[-1]) is None
    assert any("24 of 48 cases have a region (field of view)" in text for text in read.remarks(cases))


def write(path: Path, values, dtype=np.uint8) -> None:
    Image.fromarray(np.asarray(values, dtype)).save(path)


def broken(folder: Path, mistake: str) -> dict[str, object]:
    """Make a mistake in a folder; options that go with it."""
    mask = folder / "case003" / "masks" / "0.png"
    if mistake == "no mask":
        mask.unlink()
    elif mistake == "no image":
        (folder / "case003" / "images" / "0.png").unlink()
    elif mistake == "two images":
        shutil.copy(folder / "case003" / "images" / "0.png", folder / "case003" / "images" / "1.png")
    elif mistake == "another size":
        write(mask, np.zeros((32, 48)))
    elif mistake == "three values":
        write(mask, np.arange(64 * 64).reshape(64, 64) % 3)
    elif mistake == "unknown value":
        write(mask, np.full((64, 64), 9))
        return {"values": {"nucleus": 255}}
    elif mistake == "wrong template":
        return {"images": "{case}/pictures/*.png"}
    elif mistake == "empty set":
        shutil.rmtree(folder)
        folder.mkdir()
    return {}


MISTAKES = {
    "no mask": r"case003/images/0.png: this image has no mask of the form .*\nAdd one",
    "no image": r"case003/masks/0.png: this file of the form .* has no image",
    "two images": r"case003/images/1.png: .*would be of two images.*\nMake `images`",
    "another size": r"case003/masks/0.png: this mask has 48 x 32 pixels, its image .*case003/images/0.png has 64 x 64",
    "three values": "case003/masks/0.png: this is no binary mask: found the values 0, 1, 2",
    "unknown value": r"this label map has the value 9; known: 0 for background, nucleus = 255.\nAdd the value",
    "wrong template": r"no cases found \(files here: 48 .png\).\nExpected: images of the form .case./pictures",
    "empty set": r"no cases found \(files here: nothing\)",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_error_that_names_the_file(folder, mistake):
    read = reader(**broken(folder, mistake))
    with pytest.raises(DataError, match=MISTAKES[mistake]):
        [read.load_masks(case) for case in read.read(folder)]


def test_the_advice_for_a_label_map_works(folder):
    options = broken(folder, "unknown value")
    names = ("nucleus", "other")
    options["values"] = {**options["values"], "other": 9}
    read = reader(names, **options)
    assert read.load_masks(read.read(folder)[3]).any(axis=(1, 2)).tolist() == [False, True]


def test_options_and_classes_that_contradict_each_other():
    with pytest.raises(DataError, match=r"one template of masks for 2 classes \(a, b\).\nGive masks a table"):
        reader(("a", "b"))
    with pytest.raises(DataError, match="has masks of c, and the classes are a"):
        reader(("a",), masks={"c": "{case}.png"})
    with pytest.raises(DataError, match=r"masks of each structure and `values` of a label map"):
        reader(("a",), masks={"a": "{case}.png"}, values={"a": 1})
    with pytest.raises(ValueError, match=r"has no \{case\}"):
        Masks(images="*.png", masks="{case}.png")
