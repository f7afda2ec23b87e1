"""Reading a data set: cases, counts, hashes, and one clear error for each way in which a copy can be wrong."""

import os
import shutil

import pytest

from bench.core.errors import DataError
from bench.data.dataset import read_data
from bench.data.root import data_kind


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
