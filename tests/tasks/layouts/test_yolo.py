"""YOLO text files: boxes in shares of the image, splits, names of classes, and one error for each wrong line."""

import pytest

from bench.core.errors import DataError
from bench.core.task import Box
from tasks.layouts.yolo import Yolo
from tests.tasks.layouts.written import picture, yolo

CLASSES = ("rbc", "wbc")


def read(folder, **options):
    return Yolo(**options).reader("detection", CLASSES).read(folder)


def test_boxes_are_shares_of_the_image(tmp_path):
    yolo(tmp_path, "1 0.5 0.5 0.5 0.2\n\n0 0.9 0.5 0.2 1\n")
    (case,) = read(tmp_path)
    assert case.id == "images/a.jpg"
    assert case.target.boxes == (Box(1, 10, 12, 30, 18), Box(0, 32, 0, 40, 30))
    assert case.target.n_clipped == 0, "rounding alone puts no box outside"


def test_outlines_are_taken_by_their_box(tmp_path):
    yolo(tmp_path, "0 0.25 0.2 0.5 0.6 0.75 0.4\n")
    assert read(tmp_path)[0].target.boxes == (Box(0, 10, 6, 30, 18),)


def test_boxes_over_the_edge_are_cut_and_counted(tmp_path):
    yolo(tmp_path, "0 0.95 0.5 0.2 0.2\n")
    (case,) = read(tmp_path)
    assert (case.target.boxes[0].x_max, case.target.n_clipped) == (40, 1)


def test_folders_are_splits_and_images_without_a_file_have_no_objects(tmp_path):
    yolo(tmp_path, "0 0.5 0.5 0.5 0.5\n", "a", "train")
    yolo(tmp_path, "0 0.5 0.5 0.5 0.5\n", "b", "val")
    yolo(tmp_path, "", "c", "test")
    picture(tmp_path / "images" / "test" / "d.jpg")
    cases = read(tmp_path)
    assert [(c.image.stem, c.owner_split, len(c.target.boxes)) for c in cases] == [
        ("c", "test", 0),
        ("d", "test", 0),
        ("a", "train", 1),
        ("b", "validation", 1),
    ]
    assert "2 of 4 images have no box, as images/test/c.jpg: nothing is to be found there." in (
        Yolo().reader("detection", CLASSES).remarks(cases)
    )


def test_splits_may_stand_above_images_and_labels(tmp_path):
    for split in ("train", "valid"):
        yolo(tmp_path / split, "0 0.5 0.5 0.5 0.5\n")
    cases = read(tmp_path, images="{split}/images", labels="{split}/labels")
    assert [(c.id, c.owner_split) for c in cases] == [
        ("train/images/a.jpg", "train"),
        ("valid/images/a.jpg", "validation"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.yaml", "names: [rbc, wbc]\nnc: 2\n"),
        ("data.yaml", "names:\n  1: wbc\n  0: rbc\n"),
        ("classes.txt", "rbc\nwbc\n\n"),
    ],
)
def test_names_of_classes_are_found(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert Yolo().classes(tmp_path, "detection") == CLASSES
    assert Yolo().classes(tmp_path / "none", "detection") == ()


@pytest.mark.parametrize(
    "text", ["names: 3", "names: {1: a}", "- a", "names: [", "names: []", "names: [[a]]", "a: &a [*a]"]
)
def test_wrong_files_of_names_are_errors(tmp_path, text):
    (tmp_path / "my.yaml").write_text(text)
    with pytest.raises(DataError, match=r"my.yaml: is no file of classes"):
        Yolo(names="my.yaml").classes(tmp_path, "detection")
    with pytest.raises(DataError, match="there is no such file"):
        Yolo(names="other.yaml").classes(tmp_path, "detection")


def test_tags_of_yaml_run_no_code(tmp_path):
    (tmp_path / "data.yaml").write_text("names: !!python/object/apply:os.system ['touch ran']")
    with pytest.raises(DataError, match="is no file of classes"):
        Yolo().classes(tmp_path, "detection")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0 0.5", "this box is inverted or has no area"),
        ("0 0.5 0.5 0.5 -0.5", "-0.5 is no share of the image's side"),
        ("0 20 15 10 10", "20 is no share of the image's side"),
        ("2 0.5 0.5 0.5 0.5", "class 2 is none of the 2 classes (rbc, wbc)"),
        ("-1 0.5 0.5 0.5 0.5", "class -1 is none of the 2 classes"),
        ("0.5 0.5 0.5 0.5 0.5", "class must be a whole number"),
        ("0 nan 0.5 0.5 0.5", "a value must be a finite number; found nan"),
        ("0 0.5 0.5 0.5", "is no box; expected five numbers"),
        ("0 0.5 0.5 0.5 0.5 0.9", "is no box; expected five numbers"),
        ("rbc 0.5 0.5 0.5 0.5", "is no box; expected five numbers"),
    ],
)
def test_wrong_lines_are_errors(tmp_path, line, message):
    path = yolo(tmp_path, f"0 0.5 0.5 0.5 0.5\n{line}\n")
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path}, line 2")
    assert message in str(caught.value)


def test_missing_files_are_errors(tmp_path):
    with pytest.raises(DataError, match=r"images: this folder is missing"):
        read(tmp_path)
    path = yolo(tmp_path, "")
    path.rename(path.with_name("b.txt"))
    with pytest.raises(DataError, match=r"b.txt: it has no image"):
        read(tmp_path)
    path.with_name("b.txt").unlink()
    with pytest.raises(DataError, match="no file of boxes in this folder"):
        read(tmp_path)
