"""Reading a data set: cases, counts, hashes, and one clear error for each way in which a copy can be wrong."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.core.console import Report
from bench.core.errors import DataError
from bench.core.task import Box, BoxTarget, Case
from bench.data.contract.cases import target_problem
from bench.data.dataset import read_data
from bench.data.root import data_kind
from bench.data.verify import verify


def message_of(function, *args) -> str:
    with pytest.raises(DataError) as caught:
        function(*args)
    return str(caught.value)


def test_reads_cases_counts_and_hashes(tiny, tiny_root):
    data = read_data(tiny, tiny_root)
    assert [case.id for case in data.cases] == sorted(case.id for case in data.cases)
    assert data.cases[0].id == "a/cat/0.jpg"
    assert data.counts == {"train": {"cat": 6, "dog": 6}, "test": {"cat": 2, "dog": 2}}
    assert {(c.owner_split, c.target) for c in data.cases} == {("train", 0), ("train", 1), ("test", 0), ("test", 1)}
    assert len(set(data.hashes.values())) == 16
    assert data.warnings == ()
    assert data.kind == data_kind(tiny_root) == "real"


def test_fingerprint_follows_content_not_place_or_time(tiny, tiny_root, tmp_path):
    before = read_data(tiny, tiny_root).fingerprint
    shutil.copytree(tiny_root, tmp_path / "other")
    os.utime(tmp_path / "other/tiny/a/cat/0.jpg", (0, 0))
    assert read_data(tiny, tmp_path / "other").fingerprint == before
    (tmp_path / "other/tiny/a/cat/0.jpg").write_bytes(b"changed")
    assert read_data(tiny, tmp_path / "other").fingerprint != before


def test_count_difference_warns_with_both_numbers(tiny, tiny_root):
    (tiny_root / "tiny/a/dog/3.jpg").unlink()
    (warning,) = read_data(tiny, tiny_root).warnings
    assert warning == "tiny: train/dog has 5 cases; 6 were expected (as published)."


def test_junk_and_upper_case_suffixes(tiny, tiny_root):
    folder = tiny_root / "tiny"
    for junk in ("a/.DS_Store", "a/cat/Thumbs.db", "a/cat/._0.jpg", "b/cat/notes.txt"):
        (folder / junk).write_bytes(b"")
    (folder / "a/__MACOSX").mkdir()
    (folder / "a/cat/0.jpg").rename(folder / "a/cat/0.JPG")
    data = read_data(tiny, tiny_root)
    assert len(data.cases) == 16
    assert data.warnings == ()


@pytest.mark.parametrize("split", ["a", "b"])
def test_missing_split_folder(tiny, tiny_root, split):
    shutil.rmtree(tiny_root / "tiny" / split)
    message = message_of(read_data, tiny, tiny_root)
    assert message.startswith(f"{tiny_root / 'tiny' / split}: this folder is missing")
    assert "Unpack the owner's archive again" in message
    assert tiny.reader.layout in message


def test_missing_empty_and_unknown_class_folder(tiny, tiny_root):
    folder = tiny_root / "tiny/a"
    (folder / "fish").mkdir()
    assert message_of(read_data, tiny, tiny_root).startswith(f"{folder / 'fish'}: this folder is none of")
    (folder / "fish").rmdir()
    for path in (folder / "dog").iterdir():
        path.rename(path.with_suffix(".bmp"))
    message = message_of(read_data, tiny, tiny_root)
    assert message.startswith(f"{folder / 'dog'}: no images")
    assert "0.bmp" in message
    shutil.rmtree(folder / "dog")
    assert message_of(read_data, tiny, tiny_root).startswith(f"{folder / 'dog'}: this class folder is missing")


def test_empty_file_is_an_error_that_names_it(tiny, tiny_root):
    for name in ("a/dog/2.jpg", "b/cat/1.jpg"):
        (tiny_root / "tiny" / name).write_bytes(b"")
    message = message_of(read_data, tiny, tiny_root)
    assert message.startswith(f"{tiny_root / 'tiny/a/dog/2.jpg'}: this file is empty (0 bytes)")
    assert "b/cat/1.jpg" in message
    assert "Restore this file from the owner's archive" in message


def test_dangling_link_is_an_error_that_names_it(tiny, tiny_root):
    path = tiny_root / "tiny/a/cat/0.jpg"
    path.unlink()
    path.symlink_to("nowhere.jpg")
    assert message_of(read_data, tiny, tiny_root).startswith(f"{path}: cannot be read")


def test_a_name_that_is_no_utf8_is_an_error_that_names_the_file(tiny, tiny_root):
    folder = next(path for path in sorted((tiny_root / tiny.name).rglob("*")) if path.is_file()).parent
    next(iter(folder.iterdir())).rename(folder / os.fsdecode(b"caf\xe9.jpg"))
    message = message_of(read_data, tiny, tiny_root)
    assert r"caf\xe9.jpg: this name is not UTF-8 text." in message
    assert "convmv" in message


def test_a_device_is_no_image(tiny, tiny_root):
    path = next(path for path in sorted((tiny_root / tiny.name).rglob("*")) if path.is_file())
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "it is no regular file" in message_of(read_data, tiny, tiny_root)


BOXES = {
    "zero width": (Box(0, 5, 5, 5, 9), "has no area"),
    "beyond the edge": (Box(0, 5, 5, 11, 9), "is not inside its image of 10 x 10 pixels"),
    "negative": (Box(0, -1, 5, 9, 9), "is not inside"),
    "turned": (Box(0, 9, 5, 5, 9), "is not inside its image of 10 x 10 pixels, or not a box"),
    "NaN": (Box(0, float("nan"), 5, 5, 9), "is not inside"),
    "no class": (Box(2, 1, 1, 5, 9), "has the label 2, which is none of the 2 classes"),
}


@pytest.mark.parametrize("name", BOXES)
def test_a_box_of_a_reader_that_cannot_be_is_named_before_any_training(tiny, name):
    box, why = BOXES[name]
    case = Case("a.jpg", Path("a.jpg"), BoxTarget(10, 10, (Box(1, 0, 0, 10, 10), box)), None)
    assert f"a.jpg: the box {tuple(box[1:])} {why}" in target_problem(tiny, case)
    assert target_problem(tiny, replace(case, target=BoxTarget(10, 10, (Box(1, 0, 0, 10, 10),)))) == ""


@pytest.mark.parametrize("label", [2, -1])
def test_a_label_that_is_no_class_is_named_by_a_run_and_by_verify(tiny, tiny_root, label):
    whole = tiny.reader

    class Wrong:
        def read(self, folder):
            first, *others = whole.read(folder)
            return [replace(first, target=label), *others]

        def matches(self, folder):
            return True

        def load_nothing(self, case):
            return None

    wrong = replace(tiny, reader=Wrong())
    said = f"its label {label} is none of the 2 classes"
    assert said in message_of(read_data, wrong, tiny_root)
    assert any(said in problem for problem in verify(wrong, tiny_root, Report(quiet=True)).problems)


def test_verify_says_what_ends_the_reading_also_where_counts_differ(tiny, tiny_root):
    path = next(path for path in sorted((tiny_root / tiny.name).rglob("*")) if path.is_file())
    path.rename(path.parent / os.fsdecode(b"caf\xe9.jpg"))

    class Listed:
        def __init__(self, reader):
            self.reader = reader

        def __getattr__(self, name):
            return getattr(self.reader, name)

        def load_nothing(self, case):
            return None

    found = verify(replace(tiny, reader=Listed(tiny.reader), expected_counts={}), tiny_root, Report(quiet=True))
    assert any("this name is not UTF-8" in problem for problem in found.problems)
