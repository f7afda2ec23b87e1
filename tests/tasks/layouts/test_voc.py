"""Pascal VOC: corners, sizes, lists of splits, and one error for each wrong file."""

import pytest

from bench.core.errors import DataError
from bench.core.task import Box
from tasks.layouts.voc import Voc
from tests.tasks.layouts.written import picture, voc

CLASSES = ("rbc", "wbc")


def read(folder, **options):
    return Voc(**options).reader("detection", CLASSES).read(folder)


def test_boxes_count_from_one_and_hold_their_last_pixel(tmp_path):
    voc(tmp_path, boxes=[("wbc", 1, 1, 40, 30), ("rbc", 5, 6, 5, 6)])
    (case,) = read(tmp_path)
    assert (case.id, case.owner_split) == ("JPEGImages/a.jpg", None)
    assert case.target.boxes == (Box(1, 0, 0, 40, 30), Box(0, 4, 5, 5, 6))
    assert case.target.n_clipped == 0
    assert Voc().reader("detection", CLASSES).load_image(case).size == (40, 30)


def test_boxes_of_tools_that_count_from_zero_are_taken_as_they_are(tmp_path):
    voc(tmp_path, boxes=[("wbc", 0, 0, 40, 30)])
    (case,) = read(tmp_path, one_based=False)
    assert case.target.boxes == (Box(1, 0, 0, 40, 30),)
    (cut,) = read(tmp_path)
    assert (cut.target.boxes, cut.target.n_clipped) == (case.target.boxes, 1)
    (remark, absent) = Voc().reader("detection", CLASSES).remarks([cut])
    assert remark == "boxes that reach over the edge of their image and were cut at it: 1, first in JPEGImages/a.jpg."
    assert absent == "no box has the label rbc."


def test_classes_are_the_names_sorted(tmp_path):
    voc(tmp_path, "a", [("wbc", 1, 1, 5, 5)])
    voc(tmp_path, "b", [("rbc", 1, 1, 5, 5), ("wbc", 1, 1, 5, 5)])
    assert Voc().classes(tmp_path, "detection") == CLASSES


def test_lists_are_the_split_and_what_is_in_none_is_left_out(tmp_path):
    for name in "abcd":
        voc(tmp_path, name)
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "val.txt").write_text("b  1\n")
    (lists / "test.txt").write_text("\nc\n")
    (lists / "trainval.txt").write_text("a\nb\nmissing\n")
    cases = read(tmp_path)
    assert [(c.image.stem, c.owner_split) for c in cases] == [("a", "train"), ("b", "validation"), ("c", "test")]
    remarks = Voc().reader("detection", CLASSES).remarks(cases)
    assert "1 images are in none of the lists in ImageSets/Main and are not used." in remarks


def test_trainval_is_the_training_split_where_its_parts_are_not_there(tmp_path):
    for name in "ab":
        voc(tmp_path, name)
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "trainval.txt").write_text("a\n")
    (lists / "test.txt").write_text("b\n")
    assert [(c.image.stem, c.owner_split) for c in read(tmp_path)] == [("a", "train"), ("b", "test")]


def test_a_size_of_zero_is_the_images(tmp_path):
    voc(tmp_path, size=(0, 0))
    (case,) = read(tmp_path)
    assert (case.target.width, case.target.height) == (40, 30)


def test_difficult_objects_may_be_left_out(tmp_path):
    path = voc(tmp_path, boxes=[("rbc", 1, 1, 5, 5), ("rbc", 7, 7, 9, 9)])
    path.write_text(path.read_text().replace("<difficult>0", "<difficult>1", 1))
    assert [len(read(tmp_path, difficult=use)[0].target.boxes) for use in (True, False)] == [2, 1]


LAUGHS = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: voc(f, boxes=[("rbc", 9, 1, 5, 5)]), "object 1: this box is inverted or has no area"),
        (lambda f: voc(f, boxes=[("rbc", 5, 6, 4, 6)]), "object 1: this box is inverted or has no area"),
        (lambda f: voc(f, boxes=[("rbc", 50, 1, 60, 5)]), "lies outside its image of 40 x 30 pixels"),
        (lambda f: voc(f, boxes=[("plt", 1, 1, 5, 5)]), "object 1: 'plt' is none of the classes (rbc, wbc)"),
        (lambda f: voc(f, boxes=[("rbc", "nan", 1, 5, 5)]), "bndbox/xmin must be a finite number; found nan"),
        (lambda f: voc(f, boxes=[("rbc", "x", 1, 5, 5)]), "bndbox/xmin must be a number; found 'x'"),
        (lambda f: voc(f, boxes=[("", 1, 1, 5, 5)]), "<object> has no <name>"),
        (lambda f: voc(f, boxes=[("rbc", "", 1, 5, 5)]), "<object> has no <bndbox/xmin>"),
        (lambda f: voc(f, size=(-4, 30)), "size must be above 0"),
        (lambda f: voc(f, extra=LAUGHS), "it declares a DOCTYPE"),
        (lambda f: voc(f).write_text("<annotation><object>"), "is no VOC file"),
        (lambda f: voc(f).write_text("<html></html>"), "its root is <html>; expected <annotation>"),
        (lambda f: voc(f).write_bytes(b"\xff\xfe\x00"), "is no VOC file"),
        (lambda f: voc(f).write_bytes(b" " * (2**24 + 1)), "it has more than 16 MiB"),
        (lambda f: picture(f / "JPEGImages" / "b.jpg"), "it has no XML file of its name"),
        (lambda f: (f / "JPEGImages" / "a.jpg").unlink(), "it has no image of its name"),
        (lambda f: picture(f / "JPEGImages" / "a.png"), "the image 'a' occurs twice"),
        (lambda f: (f / "JPEGImages").rename(f / "x"), "this folder is missing (found: Annotations, x)"),
        (lambda f: (f / "Annotations").rename(f / "x"), "this folder is missing"),
    ],
)
def test_what_is_wrong_is_one_error(tmp_path, change, message):
    voc(tmp_path)
    change(tmp_path)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    text = str(caught.value)
    assert message in text
    assert text.startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("lines", "message"), [("z\n", "names 'z', and there is no such image"), ("a\n", "in the list of")]
)
def test_wrong_lists_are_errors(tmp_path, lines, message):
    voc(tmp_path)
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "test.txt").write_text(lines)
    with pytest.raises(DataError, match=message):
        read(tmp_path)


def test_a_resized_image_is_an_error(tmp_path):
    voc(tmp_path, size=(80, 60), boxes=[("rbc", 1, 1, 70, 50)])
    (case,) = read(tmp_path)
    with pytest.raises(DataError, match="this image has 40 x 30 pixels, and its boxes are for 80 x 60"):
        Voc().reader("detection", CLASSES).load_image(case)
