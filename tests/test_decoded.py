"""Decoded images: each once, within a bound that changes nothing but time."""

import numpy as np
import pytest
from PIL import Image

from bench import decoded
from bench.decoded import DecodedDataset, DecodedImages, shrink


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch):
    monkeypatch.setattr(decoded, "DECODED", DecodedImages())


def source(name, reads):
    def read():
        reads.append(name)
        return Image.fromarray(np.random.default_rng(len(name)).integers(0, 256, (40, 60, 3), dtype=np.uint8))

    return name, read


def test_each_image_is_read_once_for_all_data_sets_of_one_size():
    reads = []
    sources = [source("a", reads), source("bb", reads)]
    for _ in range(2):
        data = DecodedDataset(sources, shorter_side=20)
        assert list(data.decode_all()) == [1, 2]
        assert data.image(0).size == (30, 20)
    assert sorted(reads) == ["a", "bb"]
    DecodedDataset(sources, shorter_side=10).image(0)
    assert len(reads) == 3


def test_bound_keeps_images_the_same(monkeypatch):
    reads = []
    sources = [source("a" * n, reads) for n in range(1, 5)]
    whole = [np.asarray(DecodedDataset(sources, 20).image(i)) for i in range(4)]
    monkeypatch.setattr(decoded, "DECODED", DecodedImages())
    monkeypatch.setattr(decoded, "LIMIT_BYTES", 2 * 20 * 30 * 3)
    reads.clear()
    data = DecodedDataset(sources, 20)
    for _ in range(2):
        assert all(np.array_equal(np.asarray(data.image(i)), whole[i]) for i in range(4))
    assert len(decoded.DECODED.kept) == 2
    assert len(reads) == 4 + 2


def test_small_images_are_not_enlarged():
    assert shrink(Image.new("RGB", (10, 7)), 20).size == (10, 7)
    assert shrink(Image.new("RGB", (100, 50)), 20).size == (40, 20)
