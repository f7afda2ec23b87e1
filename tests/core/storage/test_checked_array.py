"""Arrays with a checksum: any reader of `.npy` takes them, and no damage goes unnoticed."""

import numpy as np
import pytest

from bench.core.storage.checked_array import Damaged, check_array, write_array

ARRAYS = (np.arange(300.0).reshape(30, 10), np.zeros((4, 5), np.uint8), np.array(3), np.asfortranarray(np.eye(7)))


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: str(array.shape))
def test_numpy_reads_it(tmp_path, array):
    with (tmp_path / "a.npy").open("wb") as file:
        write_array(file, array, "key")
    check_array(tmp_path / "a.npy", "key")
    for mode in (None, "r"):
        read = np.load(tmp_path / "a.npy", mmap_mode=mode)
        assert np.array_equal(read, array)
        assert read.dtype == array.dtype


@pytest.fixture
def whole(tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        write_array(file, ARRAYS[0], "key")
    return (tmp_path / "a.npy").read_bytes()


def check(tmp_path, content):
    (tmp_path / "b.npy").write_bytes(content)
    check_array(tmp_path / "b.npy", "key")


@pytest.mark.parametrize("place", [0, 9, 40, 127, 128, 1500, -9, -8, -5, -1])
def test_any_flipped_bit_is_noticed(tmp_path, whole, place):
    content = bytearray(whole)
    content[place] ^= 1
    with pytest.raises(Damaged):
        check(tmp_path, content)


def test_missing_and_zeroed_parts_are_noticed(tmp_path, whole):
    for content in (b"", whole[:7], whole[:-1], whole[:1000], whole + b"0", bytes(len(whole))):
        with pytest.raises(Damaged):
            check(tmp_path, content)
    with pytest.raises(Damaged):
        check(tmp_path, whole[:512] + bytes(512) + whole[1024:])


def test_a_sound_array_of_another_key_is_noticed(tmp_path, whole):
    check(tmp_path, whole)
    with pytest.raises(Damaged):
        check_array(tmp_path / "a.npy", "other")
