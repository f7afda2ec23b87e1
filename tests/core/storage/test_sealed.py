"""What was damaged is never taken for what was kept."""

import pytest

from bench.core.reading import Unusable
from bench.core.storage.sealed import read_sealed, write_sealed


def test_what_was_written_is_read(tmp_path):
    for content in (b"", b"a", bytes(range(256)) * 40):
        write_sealed(tmp_path / "file", content)
        assert read_sealed(tmp_path / "file") == content


@pytest.mark.parametrize("place", [0, 10, 20, 46, 47, 60, -1])
def test_any_flipped_bit_is_noticed(tmp_path, place):
    write_sealed(tmp_path / "file", bytes(100))
    whole = bytearray((tmp_path / "file").read_bytes())
    whole[place] ^= 4
    (tmp_path / "file").write_bytes(whole)
    with pytest.raises(Unusable, match=r"damaged|not the one that was written"):
        read_sealed(tmp_path / "file")


@pytest.mark.parametrize("length", [0, 5, 20, 100])
def test_a_truncated_file_is_noticed(tmp_path, length):
    write_sealed(tmp_path / "file", bytes(100))
    (tmp_path / "file").write_bytes((tmp_path / "file").read_bytes()[:length])
    with pytest.raises(Unusable, match=r"damaged|not the one that was written"):
        read_sealed(tmp_path / "file")
