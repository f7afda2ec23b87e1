"""Prepared cases: each once, under a name that has all it depends on, within bounds that change nothing but time."""

import numpy as np
import pytest

from bench.core.console import Report
from bench.core.errors import DataError, StorageError
from bench.data.cache import LIMIT_VARIABLE, DiskCache
from bench.engine import kept
from bench.engine.datasets import KeptDataset, fill
from bench.engine.kept import KeptCases, Memory

QUIET = Report(quiet=True)
PIXELS = 20 * 30 * 3


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch):
    monkeypatch.setattr(kept, "MEMORY", Memory())


def another_process(monkeypatch):
    """Forget what this process has in memory."""
    monkeypatch.setattr(kept, "MEMORY", Memory())


def keeper(prepared, folder=None, origin="20 px", report=None, **how):
    """Keeps made-up images by their name; `prepared` gets the name of every image that is prepared."""

    def prepare(name):
        prepared.append(name)
        image = np.random.default_rng(len(name)).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        return {"image": image, "size": np.array(image.shape)}

    files = DiskCache(folder, report) if folder else None
    return KeptCases(prepare, lambda name: name, origin, files, **how)


def arrays_in(folder):
    return [path for path in folder.glob("*/*.npy") if np.load(path).dtype == np.uint8]


def test_each_case_is_prepared_once_for_all_data_sets_of_one_command():
    prepared = []
    for _ in range(2):
        data = KeptDataset(keeper(prepared), ["a", "bb"])
        fill(data, "cases", QUIET)
        assert data.kept("a")["image"].shape == (20, 30, 3)
        assert data.kept("bb")["size"].tolist() == [20, 30, 3]
    assert sorted(prepared) == ["a", "bb"]
    keeper(prepared, origin="10 px")("a")["image"]
    assert len(prepared) == 3


def test_kept_arrays_are_the_prepared_ones_and_cannot_be_written_to(tmp_path):
    prepared = []
    for keep in (keeper(prepared), keeper(prepared, tmp_path), keeper(prepared, tmp_path, memory_mapped=True)):
        for _ in range(2):
            found = keep("a")
            assert dict(found).keys() == {"image", "size"}
            assert all(np.array_equal(found[part], array) for part, array in keep.prepare("a").items())
            with pytest.raises(ValueError, match="read-only"):
                found["image"][0] = 0
    with pytest.raises(KeyError, match="mask"):
        keeper(prepared)("a")["mask"]


def test_memory_bound_keeps_arrays_the_same(monkeypatch):
    prepared, names = [], ["a" * n for n in range(1, 5)]
    whole = [keeper(prepared)(name)["image"] for name in names]
    another_process(monkeypatch)
    monkeypatch.setattr(kept, "LIMIT_BYTES", 2 * PIXELS)
    prepared.clear()
    keep = keeper(prepared)
    for _ in range(2):
        assert all(np.array_equal(keep(name)["image"], array) for name, array in zip(names, whole, strict=True))
    assert len([array for array in kept.MEMORY.arrays.values() if array.nbytes == PIXELS]) == 2
    assert len(prepared) == 4 + 2


def test_without_room_for_any_part_a_case_is_prepared_once_a_use(monkeypatch):
    monkeypatch.setattr(kept, "LIMIT_BYTES", 0)
    prepared = []
    data = KeptDataset(keeper(prepared), ["a"])
    fill(data, "cases", QUIET)
    assert prepared == [], "nothing to fill"
    for use in (1, 2):
        found = data.kept("a")
        assert found["image"].shape == tuple(found["size"])
        assert len(prepared) == use


def test_a_later_process_reads_all_parts_from_disk(tmp_path, monkeypatch):
    prepared, pixels = [], []
    for _ in range(2):
        another_process(monkeypatch)
        data = KeptDataset(keeper(prepared, tmp_path), ["a", "bb"])
        fill(data, "cases", QUIET)
        pixels.append([data.kept(name)["image"] for name in data.cases])
    assert sorted(prepared) == ["a", "bb"]
    assert all(np.array_equal(a, b) for a, b in zip(*pixels, strict=True))
    keeper(prepared, tmp_path, origin="10 px")("a")["image"]
    assert len(prepared) == 3, "other settings are another file"
    assert len(arrays_in(tmp_path)) == 3


def test_without_a_cache_nothing_is_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dict(keeper([])("a"))
    assert not list(tmp_path.rglob("*"))


def test_damaged_file_is_prepared_and_written_again(tmp_path, monkeypatch):
    prepared = []
    for damage in (b"", b"not an array", None):
        another_process(monkeypatch)
        assert keeper(prepared, tmp_path)("a")["image"].shape == (20, 30, 3)
        for file in tmp_path.glob("*/*.npy"):
            file.write_bytes(file.read_bytes()[:100] if damage is None else damage)
    another_process(monkeypatch)
    assert keeper(prepared, tmp_path)("a")["image"].shape == (20, 30, 3)
    assert len(prepared) == 4
    assert not list(tmp_path.glob("*/.*"))


def test_disk_limit_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv(LIMIT_VARIABLE, str(2.5 * PIXELS / 2**30))
    monkeypatch.setattr(kept, "LIMIT_BYTES", 1)
    prepared = []
    keep = keeper(prepared, tmp_path)
    for n in range(1, 5):
        assert keep("a" * n)["image"].shape == (20, 30, 3)
    assert len(arrays_in(tmp_path)) == 2
    assert len(prepared) == 4


def test_an_evicted_array_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "LIMIT_BYTES", 0)
    prepared = []
    whole = np.array(keeper(prepared, tmp_path)("a")["image"])
    for path in arrays_in(tmp_path):
        path.unlink()
    assert np.array_equal(keeper(prepared, tmp_path)("a")["image"], whole)
    assert prepared == ["a", "a"]
    assert len(arrays_in(tmp_path)) == 1


def full_disk(monkeypatch):
    def full(file, array, allow_pickle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.data.cache.np.save", full)


def test_full_disk_is_one_warning_and_preparing_goes_on(tmp_path, monkeypatch, capfd):
    full_disk(monkeypatch)
    prepared = []
    keep = keeper(prepared, tmp_path, report=Report())
    for _ in range(2):
        fill(KeptDataset(keep, ["a", "bb"]), "corpus", Report())
    assert sorted(prepared) == ["a", "bb"], "memory still works"
    assert capfd.readouterr().err.count("No space left on device") == 1


def test_volumes_are_mapped_and_a_disk_that_cannot_hold_them_is_an_error(tmp_path, monkeypatch):
    keep = keeper([], memory_mapped=True)
    fill(KeptDataset(keep, ["a"]), "volumes", QUIET)
    assert isinstance(keep("a")["image"], np.memmap)
    assert not kept.MEMORY.arrays
    full_disk(monkeypatch)
    with pytest.raises(StorageError, match="No space left"):
        fill(KeptDataset(keeper([], tmp_path, memory_mapped=True), ["a"]), "volumes", QUIET)


def test_one_part_does_not_open_the_others(tmp_path, monkeypatch):
    dict(keeper([], tmp_path, memory_mapped=True)("a"))
    opened, load = [], np.load
    monkeypatch.setattr("bench.data.cache.np.load", lambda path, **how: (opened.append(path), load(path, **how))[1])
    keeper([], tmp_path, memory_mapped=True)("a")["size"]
    assert len(opened) == 1


def test_a_case_that_cannot_be_read_is_an_error_before_training():
    def prepare(name):
        raise DataError(f"{name}: broken")

    with pytest.raises(DataError, match="a: broken"):
        fill(KeptDataset(KeptCases(prepare, str, ""), ["a"]), "cases", QUIET)
