"""Readers of tables: labels, boxes, masks; every mistake names file and line, and its advice works."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.core.task import Box
from tasks.layouts.table import Table

KINDS = {"labels": "classification", "boxes": "detection", "masks": "segmentation_2d"}


@pytest.fixture
def folder(tmp_path):
    """Four images and masks of 20 x 10 pixels."""
    place = tmp_path / "set"
    place.mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        Image.fromarray(rng.integers(0, 255, (10, 20, 3), dtype=np.uint8)).save(place / f"{i}.png")
        mask = np.zeros((10, 20), np.uint8)
        mask[i, i:] = 1
        Image.fromarray(mask * 255).save(place / f"m{i}.png")
    Image.fromarray(np.full((10, 20), 255, np.uint8)).save(place / "fov.png")
    Image.fromarray(rng.integers(0, 255, (5, 5, 3), dtype=np.uint8)).save(tmp_path / "outside.png")
    return place


def read(folder: Path, what: str, lines: str, classes=("a", "b"), **options):
    (folder / "t.csv").write_text(lines.replace(" / ", "\n") + "\n", encoding="utf-8")
    reader = Table(file="t.csv", **options).reader(KINDS[what], classes)
    return reader, reader.read(folder)


def test_labels(folder):
    _, cases = read(folder, "labels", "path,label,subject,split / 0.png,a,p,train / 1.png,b,,val / ./2.png,a,q,test")
    assert [(c.id, c.target, c.subject, c.owner_split) for c in cases] == [
        ("0.png", 0, "p", "train"), ("1.png", 1, None, "validation"), ("2.png", 0, "q", "test"),
    ]  # fmt: skip


def test_boxes_of_several_rows_or_of_one_cell(folder):
    table = "path,label,boxes / 0.png,a,1 2 5 6 / 0.png,b,0 0 20 10 / 1.png,a,1 1 2 2; 3 3 4 4 / 2.png,,"
    reader, cases = read(folder, "boxes", table)
    assert cases[0].target.boxes == (Box(0, 1, 2, 5, 6), Box(1, 0, 0, 20, 10))
    assert len(cases[1].target.boxes) == 2
    assert (cases[2].target.boxes, cases[2].target.width, cases[2].target.height) == ((), 20, 10)
    assert reader.labels == ("a", "b")
    assert reader.load_image(cases[0]).size == (20, 10)
    assert reader.remarks(cases) == ()


def test_boxes_by_width_or_in_shares_and_in_columns(folder):
    options = {"box_form": "xywh", "relative_boxes": True}
    _, cases = read(folder, "boxes", "path,label,boxes / 0.png,a,0.1 0.2 0.5 0.5", **options)
    assert cases[0].target.boxes == (Box(0, 2, 2, 12, 7),)
    columns = {"x_min": "x", "y_min": "y", "x_max": "x2", "y_max": "y2"}
    _, cases = read(folder, "boxes", "path,label,x,y,x2,y2 / 0.png,a,1,2,3,4 / 1.png,,,,,", columns=columns)
    assert [case.target.boxes for case in cases] == [(Box(0, 1, 2, 3, 4),), ()]
    reader, cases = read(folder, "boxes", "path,label,boxes / 0.png,a,1 1 30 5")
    assert cases[0].target.boxes == (Box(0, 1, 1, 20, 5),)
    assert "were cut at it: 1." in reader.remarks(cases)[0]
    assert "no box has the label b" in reader.remarks(cases)[1]


def test_masks_in_rows_in_columns_and_without(folder):
    reader, cases = read(folder, "masks", "path,mask / 0.png,m0.png / 0.png,m1.png / 1.png,m1.png", ("s",))
    assert reader.load_masks(cases[0]).sum() == 20 + 19
    assert reader.load_region(cases[0]) is None
    table = "path,structure,mask / 0.png,b,m0.png / 0.png,a,m1.png"
    reader, cases = read(folder, "masks", table)
    assert reader.load_masks(cases[0]).sum(axis=(1, 2)).tolist() == [19, 20]
    options = {"masks": {"a": "first", "b": "second"}, "missing_mask": "empty"}
    reader, cases = read(folder, "masks", "path,first,second,region / 0.png,m0.png,,fov.png / 1.png,,,", **options)
    assert reader.load_masks(cases[0]).sum(axis=(1, 2)).tolist() == [20, 0]
    assert reader.load_masks(cases[1]).shape == (2, 10, 20)
    assert reader.load_region(cases[0]).all()
    assert "1 of 2 cases have a region" in reader.remarks(cases)[0]
    assert "no case has a mask of b" in reader.remarks(cases)[1]


MISTAKES = {
    "unknown label": ("labels", "path,label / 0.png,A", r"line 2, column label: 'A' is none of the classes \(a, b\)"),
    "image twice": ("labels", "path,label / 0.png,a / 1.png,b / 0.png,a", r"4: the image '0.png' stands in .*line 2"),
    "same image by another path": ("labels", "path,label / 0.png,a / 1.png,b / ./0.png,b", "line 4: the image '0.png'"),
    "a class without a case": ("labels", "path,label / 0.png,a", "no case is of the class 'b'"),
    "no such image": ("labels", "path,label / 7.jpg,a", r"line 2, column path: there is no file .*7.jpg"),
    "columns shifted": ("labels", "path,label / a,0.png", "line 2, column path: there is no file"),
    "the folder itself": ("labels", "path,label / .,a", "line 2, column path: there is no file"),
    "empty path": ("labels", "path,label / ,a", "line 2: the cell of the image's path is empty"),
    "outside by dots": ("labels", "path,label / ../outside.png,a", "leads outside the data set's folder"),
    "outside by backslashes": ("labels", r"path,label / ..\outside.png,a", "leads outside the data set's folder"),
    "absolute": ("labels", "path,label / /etc/passwd,a", "leads outside the data set's folder"),
    "a drive": ("labels", r"path,label / C:\x.png,a", "leads outside the data set's folder"),
    "unknown split": ("labels", "path,label,split / 0.png,a,dev", "column split: unknown split 'dev'; expected"),
    "some without split": ("labels", "path,label,split / 0.png,a,train / 1.png,b,", "3: the cell of split is empty"),
    "some without site": ("labels", "path,label,site / 0.png,a,x / 1.png,b,", "line 3: the cell of site is empty"),
    "text as box": ("boxes", "path,label,boxes / 0.png,a,left", "'left' is no box: expected four numbers"),
    "three numbers": ("boxes", "path,label,boxes / 0.png,a,1 2 3", "'1 2 3' is no box"),
    "no area": ("boxes", "path,label,boxes / 0.png,a,1 2 1 5", "line 2: this box is inverted or has no area"),
    "inverted": ("boxes", "path,label,boxes / 0.png,a,5 5 1 1", "inverted or has no area"),
    "outside the image": ("boxes", "path,label,boxes / 0.png,a,30 1 40 5", "lies outside its image of 20 x 10"),
    "label without box": ("boxes", "path,label,boxes / 0.png,a,", "a label without a box"),
    "box without label": ("boxes", "path,label,boxes / 0.png,,1 1 2 2", "column label: '' is none of the classes"),
    "rows that differ": ("boxes", "path,label,boxes,subject / 0.png,a,1 1 2 2,p / 0.png,a,3 3 4 4,q",
                         "line 3: subject is 'q', and .*line 2 says 'p' of the same image"),
    "no mask": ("masks", "path,structure,mask / 0.png,a,", r"line 2: the cell of mask is empty.*\n.*missing_mask"),
    "unknown structure": ("masks", "path,structure,mask / 0.png,c,m0.png", "column structure: 'c' is none"),
    "structure missing": ("masks", "path,mask / 0.png,m0.png", "column structure: '' is none of the classes"),
    "mask twice": ("masks", "path,structure,mask / 0.png,a,m0.png / 0.png,a,m0.png", "stand in an earlier row"),
    "no such mask": ("masks", "path,structure,mask / 0.png,a,m9.png", "column mask: there is no file"),
    "mask outside": ("masks", "path,structure,mask / 0.png,a,../outside.png", "leads outside"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_error_that_names_the_line(folder, mistake):
    what, table, message = MISTAKES[mistake]
    with pytest.raises(DataError, match=message) as error:
        read(folder, what, table)
    assert "t.csv" in str(error.value) or str(folder) in str(error.value)


def test_masks_of_another_size_and_of_other_values(folder):
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(folder / "m0.png")
    Image.fromarray(np.full((10, 20), 4, np.uint8)).save(folder / "m1.png")
    reader, cases = read(folder, "masks", "path,mask / 0.png,m0.png / 1.png,m1.png", values={"a": 1, "b": 2})
    with pytest.raises(DataError, match=r"m0.png: this mask has 5 x 5 pixels, its image .*0.png has 20 x 10"):
        reader.load_masks(cases[0])
    with pytest.raises(DataError, match=r"m1.png: this label map has the value 4; .*a = 1, b = 2.\nAdd the value"):
        reader.load_masks(cases[1])


def test_structures_named_otherwise_than_the_classes(folder):
    with pytest.raises(DataError, match="masks of c, and the classes are a, b"):
        read(folder, "masks", "path,c", masks={"c": "c"})
    with pytest.raises(DataError, match="masks of each structure and `values` of a label map"):
        read(folder, "masks", "path,c", masks={"a": "c", "b": "c"}, values={"a": 1, "b": 2})
    with pytest.raises(DataError, match=r"values of a = 1, b = 1, and the classes are a, b\.\nGive each class"):
        read(folder, "masks", "path,mask", values={"a": 1, "b": 1})
