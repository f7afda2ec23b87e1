"""The one hash of values, not of their order or layout; and files with a digest, in which any change is seen."""

import hashlib

import pytest

from bench.core.digest import digest, require_sealed, write_sealed
from bench.core.errors import StorageError
from bench.core.reading import Unusable


def test_it_is_the_sha256_of_compact_json_with_sorted_keys():
    assert digest({"b": [1, 2.5], "a": None}) == hashlib.sha256(b'{"a":null,"b":[1,2.5]}').hexdigest()


def test_order_of_keys_does_not_count_and_order_of_lists_does():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest([1, 2]) != digest([2, 1])
    assert digest((1, 2)) == digest([1, 2])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"a": value})


CONTENT = bytes(range(256)) * 20


@pytest.fixture
def path(tmp_path):
    write_sealed(tmp_path / "a" / "b.bin", "b", lambda file: [file.write(CONTENT[:100]), file.write(CONTENT[100:])])
    return tmp_path / "a" / "b.bin"


def test_content_comes_first_and_is_sound(path):
    require_sealed(path, "b")
    assert path.read_bytes()[:-32] == CONTENT


CHANGES = {
    "a bit": lambda b: bytes([b[0] ^ 1]) + b[1:],
    "a bit of the digest": lambda b: b[:-1] + bytes([b[-1] ^ 128]),
    "a bit of the mark": lambda b: b[:-32] + bytes([b[-32] ^ 2]) + b[-31:],
    "a zeroed block": lambda b: b[:1024] + bytes(1024) + b[2048:],
    "a zeroed end": lambda b: b[:2048] + bytes(len(b) - 2048),
    "only zeros": lambda b: bytes(len(b)),
    "blocks in another order": lambda b: b[256:512] + b[1:256] + b[:1] + b[512:],
    "no end": lambda b: b[:-33],
    "no seal": lambda b: b[:-32],
    "more": lambda b: b + b"\0",
    "nothing": lambda b: b"",
}


@pytest.mark.parametrize("change", CHANGES)
def test_damage_is_seen(path, change):
    path.write_bytes(CHANGES[change](path.read_bytes()))
    with pytest.raises(Unusable, match="its content and its digest differ"):
        require_sealed(path, "b")


def test_a_sound_file_in_the_place_of_another_is_seen(path):
    with pytest.raises(Unusable, match="differ"):
        require_sealed(path, "c")


def test_what_is_not_there_or_no_file(path):
    with pytest.raises(FileNotFoundError):
        require_sealed(path.with_name("none"), "b")
    with pytest.raises(Unusable, match="directory"):
        require_sealed(path.parent, "b")


def test_a_failed_write_leaves_nothing(path):
    def fail(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        write_sealed(path, "b", fail)
    require_sealed(path, "b")
    assert [p.name for p in path.parent.iterdir()] == ["b.bin"]
