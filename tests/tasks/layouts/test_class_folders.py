"""Folders of classes: splits above them, templates, and what is wrong with a folder."""

from collections import Counter

import pytest

from bench.core.errors import DataError
from tasks.layouts.class_folders import ClassFolders
from tests.own_data import draw

CLASSES = ("a", "b")


@pytest.fixture
def folder(tmp_path):
    draw(tmp_path / "cells", "classification", CLASSES, "class_folders")
    return tmp_path / "cells"


def read(folder, classes=CLASSES, **options):
    layout = ClassFolders(**options)
    return layout.reader("classification", classes or layout.classes(folder, "classification")).read(folder)


def test_folders_are_classes_and_ids_are_paths(folder):
    assert ClassFolders().classes(folder, "classification") == CLASSES
    cases = read(folder)
    assert Counter(case.target for case in cases) == {0: 12, 1: 12}
    assert cases[0].id == "a/a_000.png"
    assert {case.owner_split for case in cases} == {None}


def test_numbers_are_in_their_order(folder):
    (folder / "a").rename(folder / "10")
    (folder / "b").rename(folder / "9")
    assert ClassFolders().classes(folder, "classification") == ("9", "10")


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "Validation", "Testing")])
def test_folders_of_splits_above_the_classes_are_the_owners(folder, names):
    for i, path in enumerate(sorted(folder.rglob("*.png"))):
        place = folder / names[i % 3] / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        path.rename(place / path.name)
    for name in CLASSES:
        (folder / name).rmdir()
    assert ClassFolders().classes(folder, "classification") == CLASSES
    assert Counter(case.owner_split for case in read(folder)) == {"train": 8, "validation": 8, "test": 8}


def test_images_in_deeper_folders_count_and_what_systems_leave_does_not(folder):
    (folder / "a" / "more").mkdir()
    (folder / "a" / "a_000.png").rename(folder / "a" / "more" / "a_000.png")
    (folder / "a" / "Thumbs.db").write_bytes(b"x")
    (folder / "__MACOSX" / "a").mkdir(parents=True)
    (folder / "__MACOSX" / "a" / "._x.png").write_bytes(b"x")
    (folder / "readme.txt").write_text("hello")
    assert len(read(folder)) == 24


def test_a_template_says_site_and_class(tmp_path):
    layout = ClassFolders(images="{site}/{class}/*.png")
    layout.write_phantom(tmp_path, "classification", CLASSES, 0, ("x", "y"))
    assert layout.sites(tmp_path, "classification") == ("x", "y")
    cases = layout.reader("classification", CLASSES).read(tmp_path)
    assert Counter((case.domain, case.target) for case in cases) == {(s, c): 12 for s in "xy" for c in (0, 1)}


def test_a_folder_that_is_no_class(folder):
    (folder / "b").rename(folder / "bb")
    with pytest.raises(DataError, match=r"bb/b_000.png: 'bb' is none of the classes \(a, b\)") as error:
        read(folder)
    assert "add it to `classes`" in str(error.value)
    assert len(read(folder, ("a", "bb"))) == 24, "the advice works"


def test_a_class_without_images(folder):
    with pytest.raises(DataError, match=r"no case is of the class 'c'.\nAdd some, or take the class out"):
        read(folder, ("a", "b", "c"))


def test_an_empty_folder_says_what_is_there(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "scan.mha").write_bytes(b"x")
    with pytest.raises(DataError, match=r"no cases found \(files here: 1 .mha\).\nExpected: "):
        read(tmp_path)


def test_a_folder_beside_those_of_splits(folder):
    (folder / "train").mkdir()
    (folder / "test").mkdir()
    with pytest.raises(DataError, match=r"a: this folder stands beside those of splits .*\n.*images = "):
        read(folder)
    assert len(read(folder, images="{class}/*")) == 24, "the advice works"


def test_no_folder_at_all(tmp_path):
    with pytest.raises(DataError, match="there is no such folder"):
        ClassFolders().classes(tmp_path / "none", "classification")
