from pathlib import Path

import pytest

from tasks.readers.templates import Template


@pytest.mark.parametrize(
    ("text", "path", "case"),
    [
        ("training/images/{case}_training.tif", "training/images/21_training.tif", "21"),
        ("training/images/{case}_training.tif", "test/images/21_training.tif", None),
        ("training/images/{case}_training.tif", "deeper/training/images/21_training.tif", None),
        ("{a/,}images/{case}.{jpg,png}", "images/x.PNG", "x"),
        ("{a/,}images/{case}.{jpg,png}", "a/images/x.jpg", "x"),
        ("{a/,}images/{case}.{jpg,png}", "a/images/x.gif", None),
        ("benign/benign ({case})_mask*.png", "benign/benign (4)_mask_1.png", "4"),
        ("benign/benign ({case}).png", "benign/benign (4)_mask.png", None),
        ("HGG/{case}/{case}_seg.nii{.gz,}", "HGG/one/one_seg.nii", "one"),
        ("HGG/{case}/{case}_seg.nii{.gz,}", "HGG/one/two_seg.nii", None),
        ("{case}{_,}segmentation.nii.gz", "Case00_Segmentation.nii.gz", "Case00"),
        ("{case}{_,}segmentation.nii.gz", "Case00Segmentation.nii.gz", "Case00"),
    ],
)
def test_match(text, path, case):
    found = Template(text).match(path)
    assert (found and found[0]) == case


def test_the_first_alternative_is_the_best():
    template = Template("{case}.{IMG,png}")
    assert (template.match("a.img"), template.match("a.png")) == (("a", 0), ("a", 1))


def test_end_of_an_absolute_path():
    template = Template("{scratch/,}fold{1,2}/masks/left lung/{case}.gif")
    assert template.matches_end(Path("/data/jsrt/scratch/fold2/masks/left lung/JPCLN001.gif"))
    assert not template.matches_end(Path("/data/jsrt/scratch/fold2/masks/right lung/JPCLN001.gif"))


def test_folders_end_before_the_case():
    assert Template("{HGG,LGG}/{case}/{case}_seg.nii").folders == ("HGG", "LGG")
    assert Template("HGG/{case}/{case}_seg.nii").file_form == "{case}/{case}_seg.nii"


def test_fields_are_read_and_filled():
    form = Template("{site}/{split}/{class}/**/{case}_*.{png,jpg}")
    fields = {"site": "x", "split": "train", "class": "a b", "case": "7"}
    assert form.fields("x/train/a b/7_left.PNG") == fields
    assert form.fields("x/train/a b/more/and more/7_left.jpg") == fields
    assert form.fields("x/train/7_left.png") is None
    assert form.filled(site="y", split="test") == "y/test/{class}/**/{case}_*.{png,jpg}"
    assert form.folders == ("",)
    assert Template("images/{site}/{case}.png").folders == ("images",)
