"""What the layouts share."""

import pytest

from bench.core.errors import DataError
from tasks.layouts.fields import class_index, inside, require_side, side_of, sorted_names


def test_splits_have_several_names():
    names = ["train", "Training", " VAL ", "valid", "validation", "test", "Testing", "dev"]
    assert [side_of(name) for name in names] == ["train"] * 2 + ["validation"] * 3 + ["test"] * 2 + [None]
    with pytest.raises(DataError, match="line 3: unknown split 'dev'; expected train, validation, test"):
        require_side("dev", "line 3")


def test_names_of_classes_are_sorted_by_number_or_letter():
    assert sorted_names(["10", "9", "9"]) == ("9", "10")
    assert sorted_names(["b", "10", "a"]) == ("10", "a", "b")


def test_files_are_inside_the_folder(tmp_path):
    (tmp_path / "a b.png").write_bytes(b"x")
    assert inside(tmp_path, "./a b.png", "here") == tmp_path / "a b.png"
    with pytest.raises(DataError, match=r"here: there is no file .*ab.png. Did you mean 'a b.png'"):
        inside(tmp_path, "ab.png", "here")
    with pytest.raises(DataError, match="Its folder is missing too"):
        inside(tmp_path, "none/ab.png", "here")


def test_classes_are_named(tmp_path):
    assert class_index("b", ("a", "b"), "here") == 1
    with pytest.raises(DataError, match=r"here: 'B' is none of the classes \(a, b\)"):
        class_index("B", ("a", "b"), "here")
