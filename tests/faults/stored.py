"""Kinds of stored files that are read back: how one is made, and what it is read as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
from torch import nn

from bench.core.console import Report
from bench.core.errors import StorageError
from bench.data.cache import DiskCache
from bench.data.volumes import read_grid, read_voxels
from bench.engine.resume import StateFile
from bench.models.checkpoints import load_encoder, save_encoder


@dataclass(frozen=True)
class Stored:
    """A kind of file: how one is made, and what it is read as."""

    make: Callable[[Path], Path]
    read: Callable[[Path, Path], Any]
    """(folder, file) -> what a run would use of it."""


def _encoder(folder: Path) -> Path:
    torch.manual_seed(0)
    save_encoder(folder / "encoder.safetensors", nn.Linear(40, 30), {"identity": "a", "cost": {"seconds": 1.0}})
    return folder / "encoder.safetensors"


def _read_encoder(folder: Path, path: Path) -> Any:
    layer = nn.Linear(40, 30)
    return load_encoder(path, layer), layer.weight.tolist(), layer.bias.tolist()


def _state(folder: Path) -> Path:
    torch.manual_seed(0)
    _states(folder / "last.ckpt").save({"epoch": 3, "weights": torch.arange(2000.0)})
    return folder / "last.ckpt"


def _states(path: Path) -> StateFile:
    return StateFile(path, "a", "pretraining", Report(quiet=True))


def _read_state(folder: Path, path: Path) -> Any:
    state = _states(path).load()
    if state is None:
        raise StorageError("damaged: it starts over")
    return state["epoch"], state["weights"].tolist(), torch.get_rng_state().tolist()


def _array(folder: Path) -> Path:
    DiskCache(folder / "decoded").get("abcd", _values)
    return folder / "decoded" / "ab" / "abcd.npy"


def _values() -> np.ndarray:
    return np.arange(1500, dtype=np.float32).reshape(30, 50)


def _read_array(folder: Path, path: Path) -> Any:
    return DiskCache(folder / "decoded").get("abcd", _values).tolist()


def _volume(folder: Path) -> Path:
    voxels = np.random.default_rng(0).integers(0, 900, (12, 11, 10), np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1.0, 2.0, 3.0, 1.0])), folder / "a.nii.gz")
    return folder / "a.nii.gz"


def _read_volume(folder: Path, path: Path) -> Any:
    return read_grid(path).affine.tolist(), read_voxels(path).tolist()


FILES: Mapping[str, Stored] = {
    "encoder": Stored(_encoder, _read_encoder),
    "state of a training": Stored(_state, _read_state),
    "decoded array": Stored(_array, _read_array),
    "volume (.nii.gz)": Stored(_volume, _read_volume),
}
