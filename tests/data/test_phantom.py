import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

from bench.core.errors import DataError, PluginError, StorageError
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantom
from bench.data.root import PHANTOM_MARKER, data_kind


def test_written_once_marked_and_read_by_the_same_adapter(tiny, tmp_path):
    calls = []
    data_set = replace(tiny, phantom=lambda folder, seed: (calls.append(seed), tiny.phantom(folder, seed)))
    root = ensure_phantom(data_set, tmp_path)
    assert ensure_phantom(data_set, tmp_path) == root
    assert calls == [0]
    data = read_data(data_set, root)
    assert (data.kind, data_kind(root), data.warnings) == ("phantom", "phantom", ())
    marker = json.loads((root / PHANTOM_MARKER).read_text())
    assert marker["data_sets"] == {"tiny": data.counts}
    assert root.name == f"phantom-v{marker['generator_version']}"
    assert sorted(path.name for path in root.iterdir()) == [PHANTOM_MARKER, "tiny"]


def test_counts_are_compared_with_the_marker(tiny, tmp_path):
    root = ensure_phantom(replace(tiny, expected_counts={"train": {"cat": 999}}), tmp_path)
    (root / "tiny/a/cat/0.jpg").unlink()
    (warning,) = read_data(tiny, root).warnings
    assert "train/cat has 5 cases; 6 were expected" in warning


@pytest.mark.parametrize("damage", ["file gone", "empty file", "folder gone", "split gone"])
def test_a_damaged_phantom_is_written_again(tiny, tmp_path, damage):
    root = ensure_phantom(tiny, tmp_path)
    before = read_data(tiny, root).fingerprint
    if damage == "file gone":
        (root / "tiny/a/cat/0.jpg").unlink()
    elif damage == "empty file":
        (root / "tiny/a/cat/0.jpg").write_bytes(b"")
    else:
        shutil.rmtree(root / "tiny" if damage == "folder gone" else root / "tiny/b")
    ensure_phantom(tiny, tmp_path)
    assert read_data(tiny, root).fingerprint == before


def test_a_lost_marker_comes_back(tiny, tmp_path):
    root = ensure_phantom(tiny, tmp_path)
    (root / PHANTOM_MARKER).write_text("{half")
    ensure_phantom(tiny, tmp_path)
    assert json.loads((root / PHANTOM_MARKER).read_text())["data_sets"]["tiny"]["train"] == {"cat": 6, "dog": 6}


def test_an_interrupted_generator_leaves_nothing(tiny, tmp_path):
    def interrupted(folder, seed):
        tiny.phantom(folder, seed)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_phantom(replace(tiny, phantom=interrupted), tmp_path)
    assert list((tmp_path / "phantom-v1").iterdir()) == []
    assert read_data(tiny, ensure_phantom(tiny, tmp_path)).warnings == ()


def test_two_data_sets_share_a_root(tiny, tmp_path):
    ensure_phantom(tiny, tmp_path)
    root = ensure_phantom(replace(tiny, name="other"), tmp_path)
    assert set(json.loads((root / PHANTOM_MARKER).read_text())["data_sets"]) == {"tiny", "other"}


def test_processes_at_the_same_time(tiny, tmp_path):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        roots = list(pool.map(ensure_phantom, [tiny] * 8, [tmp_path] * 8))
    assert len(set(roots)) == 1
    assert read_data(tiny, roots[0]).warnings == ()
    assert sorted(path.name for path in roots[0].iterdir()) == [PHANTOM_MARKER, "tiny"]


def test_a_cache_that_cannot_be_written(tiny, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="phantom-v1"):
        ensure_phantom(tiny, tmp_path / "file")


def test_a_data_set_without_a_phantom_says_what_to_do(tiny, tmp_path):
    with pytest.raises(DataError, match=r"has no phantom, so that its tasks need the real data.\nGive --data-root"):
        ensure_phantom(replace(tiny, phantom=None), tmp_path)


def test_a_phantom_that_fails_and_one_without_cases(tiny, tmp_path):
    def fails(folder, seed):
        raise KeyError("x")

    with pytest.raises(PluginError, match=r"its phantom cannot be written: KeyError: 'x'"):
        ensure_phantom(replace(tiny, phantom=fails), tmp_path)
