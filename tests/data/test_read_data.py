import os
import shutil
from pathlib import Path

import pytest

from bench.core.errors import DataError
from bench.data.dataset import find_data_sets, read_data
from bench.data.root import data_kind, resolve_root
from bench.data.status import data_status


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


@pytest.mark.parametrize("inside", ["tiny", "tiny/a", "tiny/a/cat"])
def test_root_too_low(tiny, tiny_root, inside):
    message = message_of(read_data, tiny, tiny_root / inside)
    assert "one level too low" in message
    assert message.endswith(f"give --data-root {tiny_root}")


def test_root_too_low_in_a_folder_of_another_name(tiny, tiny_root):
    (tiny_root / "tiny").rename(tiny_root / "archive")
    message = message_of(read_data, tiny, tiny_root / "archive")
    assert f"rename {tiny_root / 'archive'} to {tiny_root / 'tiny'} and give --data-root {tiny_root}" in message


def test_root_too_high(tiny, tiny_root):
    message = message_of(read_data, tiny, tiny_root.parent)
    assert "one level too high" in message
    assert message.endswith(f"Give --data-root {tiny_root}")


@pytest.mark.parametrize("name", ["Tiny", "zoo-archive"])
def test_folder_of_another_name(tiny, tiny_root, name):
    (tiny_root / "tiny").rename(tiny_root / name)
    message = message_of(read_data, tiny, tiny_root)
    assert message.startswith(f"{tiny_root / name}: this folder must be named exactly 'tiny'")


def test_data_set_one_level_deeper(tiny, tiny_root):
    (tiny_root / "tiny").rename(tiny_root / "archive")
    (tiny_root / "tiny").mkdir()
    (tiny_root / "archive").rename(tiny_root / "tiny/archive")
    assert f"move the content of {tiny_root / 'tiny/archive'} into" in message_of(read_data, tiny, tiny_root)


def test_missing_set_says_what_was_found_and_how_to_obtain_it(tiny, tmp_path):
    (tmp_path / "something").mkdir()
    message = message_of(read_data, tiny, tmp_path)
    assert message.startswith(f"{tmp_path / 'tiny'}: this folder is missing (found in {tmp_path}: something)")
    assert "Ask the zoo." in message


def test_resolve_root(monkeypatch, tmp_path, tiny_root):
    monkeypatch.delenv("BENCH_DATA", raising=False)
    assert resolve_root(None) is None
    monkeypatch.setenv("BENCH_DATA", str(tiny_root))
    assert resolve_root(None) == tiny_root
    assert resolve_root(tiny_root.parent) == tiny_root.parent
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name, fault in (("gone", "does not exist"), ("empty", "is empty"), ("file", "is a file")):
        message = message_of(resolve_root, tmp_path / name)
        assert str(tmp_path / name) in message
        assert fault in message
        assert "--data-root" in message
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "gone"))
    assert "$BENCH_DATA" in message_of(resolve_root, None)


def test_status_found_missing_broken(tiny, tiny_root):
    shutil.copyfile(tiny_root / "tiny/a/cat/0.jpg", tiny_root / "tiny/a/cat/1.jpg")
    shutil.copyfile(tiny_root / "tiny/a/dog/0.jpg", tiny_root / "tiny/b/dog/1.jpg")
    (row,) = data_status(tiny_root, [tiny, tiny])
    assert (row.state, row.kind, row.n_duplicate_groups, row.n_crossing_owner_split) == ("found", "real", 2, 1)
    assert find_data_sets(tiny_root, [tiny]) == {"tiny": tiny_root / "tiny"}
    shutil.rmtree(tiny_root / "tiny/b")
    (row,) = data_status(tiny_root, [tiny])
    assert (row.state, "this folder is missing" in row.message) == ("broken", True)
    shutil.rmtree(tiny_root / "tiny")
    (row,) = data_status(tiny_root, [tiny])
    assert (row.state, "Ask the zoo." in row.message) == ("missing", True)
    (row,) = data_status(None, [tiny])
    assert (row.state, row.expected) == ("missing", tiny.expected_counts)
    (row,) = data_status(Path(tiny_root / "gone"), [tiny])
    assert row.state == "missing"
