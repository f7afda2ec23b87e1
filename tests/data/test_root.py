"""The data root: where it is, and what is said where it is one level off."""

import pytest

from bench.core.errors import DataError
from bench.data.dataset import read_data
from bench.data.root import resolve_root


def message_of(function, *args) -> str:
    with pytest.raises(DataError) as caught:
        function(*args)
    return str(caught.value)


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
