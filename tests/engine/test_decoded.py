"""Decoded images: each once, within a bound that changes nothing but time."""

import numpy as np
import pytest
from PIL import Image

from bench.core.console import Report
from bench.data.cache import LIMIT_VARIABLE, DiskCache
from bench.engine import decoded
from bench.engine.decoded import DecodedDataset, DecodedImages, shrink
from bench.engine.loaders import decode_all


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


class NamedByContent(DecodedDataset):
    on_disk = True


def later_run(folder, monkeypatch, report=None):
    monkeypatch.setattr(decoded, "DECODED", DecodedImages())
    decoded.DECODED.files = DiskCache(folder, report)


def test_a_later_run_decodes_nothing(tmp_path, monkeypatch):
    reads = []
    sources = [source("a", reads), source("bb", reads)]
    pixels = []
    for _ in range(2):
        later_run(tmp_path, monkeypatch)
        data = NamedByContent(sources, 20)
        assert list(data.decode_all()) == [1, 2]
        pixels.append([np.asarray(data.image(i)) for i in range(2)])
    assert sorted(reads) == ["a", "bb"]
    assert all(np.array_equal(a, b) for a, b in zip(*pixels, strict=True))
    NamedByContent(sources, 10).image(0)
    assert len(reads) == 3, "another size is another file"
    assert len(list(tmp_path.glob("*/*.npy"))) == 3


def test_images_named_by_place_are_not_kept_on_disk(tmp_path, monkeypatch):
    later_run(tmp_path, monkeypatch)
    DecodedDataset([source("a", [])], 20).image(0)
    assert not list(tmp_path.glob("*/*.npy"))


def test_damaged_file_is_decoded_and_written_again(tmp_path, monkeypatch):
    reads = []
    for damage in (b"", b"not an array", None):
        later_run(tmp_path, monkeypatch)
        assert NamedByContent([source("a", reads)], 20).image(0).size == (30, 20)
        for file in tmp_path.glob("*/*.npy"):
            file.write_bytes(file.read_bytes()[:100] if damage is None else damage)
    later_run(tmp_path, monkeypatch)
    NamedByContent([source("a", reads)], 20).image(0)
    assert len(reads) == 4
    assert not list(tmp_path.glob("*/.*"))


def test_disk_limit_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv(LIMIT_VARIABLE, str(2.5 * 20 * 30 * 3 / 2**30))
    monkeypatch.setattr(decoded, "LIMIT_BYTES", 1)
    later_run(tmp_path, monkeypatch)
    reads = []
    data = NamedByContent([source("a" * n, reads) for n in range(1, 5)], 20)
    for i in range(4):
        data.image(i)
    assert len(list(tmp_path.glob("*/*.npy"))) == 2
    assert len(reads) == 4


def test_full_disk_is_one_warning_and_decoding_goes_on(tmp_path, monkeypatch, capfd):
    def full(file, array, allow_pickle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.data.cache.np.save", full)
    later_run(tmp_path, monkeypatch, Report())
    reads = []
    for _ in range(2):
        decode_all(NamedByContent([source("a", reads), source("bb", reads)], 20), "corpus", Report())
    assert sorted(reads) == ["a", "bb"], "memory still works"
    assert capfd.readouterr().err.count("No space left on device") == 1
