"""Opening files from outside: one error with file, reason and advice, whatever is wrong; nothing endless is read."""

import os
import resource
import subprocess
import sys

import pytest

from bench.core import reading as module
from bench.core.errors import BenchError, DataError, StorageError
from bench.core.reading import content_of, files_below, hash_of, json_of, reading, require_memory, text_of, toml_of


def fails(path, read):
    with pytest.raises(StorageError) as caught, reading(path, "Restore it.", StorageError, what="is no table"):
        read(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith(".\nRestore it.")
    return text.removeprefix(f"{path}: ").removesuffix(".\nRestore it.")


def test_a_file_that_is_not_there(tmp_path):
    assert fails(tmp_path / "none.csv", text_of) == "cannot be read: No such file or directory"


def test_a_text_in_another_encoding(tmp_path):
    (tmp_path / "a.csv").write_bytes("path\nRöntgen".encode("latin-1"))
    assert fails(tmp_path / "a.csv", text_of) == "is no table: byte 0xf6 at position 6 is not UTF-8 text"


def test_a_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfpath\r\n")
    assert text_of(tmp_path / "a.csv") == "path\r\n"


@pytest.mark.parametrize("read", [content_of, text_of, hash_of])
def test_devices_and_pipes_are_not_opened(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        assert fails(tmp_path / name, read) == "is no table: it is no regular file (a device, pipe or socket)"
    assert fails(tmp_path, read) == "is no table: it is a directory"


def test_a_link_to_itself(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    assert "symbolic links" in fails(tmp_path / "loop", content_of)


def test_what_is_larger_than_memory_is_not_read(tmp_path, monkeypatch):
    with (tmp_path / "big.csv").open("wb") as file:
        file.truncate(2**40)
    monkeypatch.setattr(module, "free_bytes", lambda: 2**30)
    assert fails(tmp_path / "big.csv", text_of) == "is no table: it needs 8192.0 GiB of memory, and 1.0 GiB are free"


def test_the_limit_of_the_process_counts():
    code = (
        "import resource; from bench.core.reading import free_bytes\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30)); print(free_bytes())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 3 << 30
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != 3 << 30


def test_memory_that_is_there_is_no_error():
    require_memory(1000)


@pytest.mark.parametrize(
    ("parse", "text", "reason"),
    [
        (json_of, "[" * 100_000, "it is nested too deeply"),
        (json_of, "1" * 5000, "a number has 5000 digits"),
        (json_of, '{"a": }', "Expecting value: line 1 column 7 (char 6)"),
        (toml_of, "a = " + "[" * 100_000, "it is nested too deeply"),
        (toml_of, "a = " + "1" * 5000, "Exceeds the limit"),
        (toml_of, "a", "Expected '=' after a key in a key/value pair (at end of document)"),
    ],
)
def test_deep_and_huge_values(tmp_path, parse, text, reason):
    assert reason in fails(tmp_path / "a.txt", lambda path: parse(text))


def test_a_name_is_escaped_and_an_own_error_passes(tmp_path):
    with pytest.raises(DataError, match=r"a\\nb\\xff: cannot be read: No such file"), reading("a\nb\udcff", "x"):
        raise FileNotFoundError(2, "No such file")
    with pytest.raises(BenchError, match=r"^as it is$"), reading("a", "x"):
        raise BenchError("as it is")


def test_an_error_without_a_text_is_named_by_its_type(tmp_path):
    def read(path):
        raise KeyError

    assert fails(tmp_path / "a", read) == "is no table: KeyError"


def test_linked_folders_are_followed_once(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "1.png").touch()
    (tmp_path / "a" / "b" / "2.png").touch()
    (tmp_path / "a" / "b" / "up").symlink_to("..")
    (tmp_path / "a" / "z").symlink_to("b")
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / "a" / "gone").symlink_to("nowhere")
    (tmp_path / "a" / ".hidden" / "x").mkdir(parents=True)
    (tmp_path / "a" / ".hidden" / "x" / "3.png").touch()
    assert list(files_below(tmp_path / "a")) == [str(tmp_path / "a" / "1.png"), str(tmp_path / "a" / "b" / "2.png")]
