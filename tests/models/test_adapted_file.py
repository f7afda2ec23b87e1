"""Files of adapted models: what was written comes back, and nothing else is taken for it."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from bench.core.errors import StorageError
from bench.models.adapted_file import read_adapted, save_adapted

TENSORS = {"encoder.w": torch.arange(6.0).reshape(2, 3), "probe.mean": torch.ones(3, dtype=torch.float64)}


def test_what_was_written_comes_back(tmp_path):
    save_adapted(tmp_path / "a" / "m.safetensors", TENSORS, {"identity": "x"})
    found, provenance = read_adapted(tmp_path / "a" / "m.safetensors", "x")
    assert provenance == {"identity": "x"}
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], TENSORS[name]) and found[name].dtype == TENSORS[name].dtype for name in TENSORS)


def test_another_runs_a_foreign_and_a_damaged_file_are_errors(tmp_path):
    path = tmp_path / "m.safetensors"
    save_adapted(path, TENSORS, {"identity": "x"})
    with pytest.raises(StorageError, match="it is of another run"):
        read_adapted(path, "y")
    content = path.read_bytes()
    path.write_bytes(content[:-3] + b"abc")
    with pytest.raises(StorageError, match="it is damaged"):
        read_adapted(path, "x")
    path.write_bytes(content[:50])
    with pytest.raises(StorageError, match="is not a readable model"):
        read_adapted(path, "x")
    save_file(TENSORS, path)
    with pytest.raises(StorageError, match="of the format None, not 'bench-adapted-1'"):
        read_adapted(path, "x")
    with pytest.raises(StorageError, match="No such file"):
        read_adapted(tmp_path / "nowhere", "x")
