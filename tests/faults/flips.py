"""One flipped bit, or zeroed blocks, in each kind of stored file: it is read as it was, made again, or refused."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset

from bench.core.console import Report
from bench.core.task import Case
from bench.data.cache import DiskCache
from bench.data.volumes import read_grid, read_voxels
from bench.engine.resume import StateFile
from bench.evaluation.embeddings import EmbeddedSide, EmbeddingCache
from bench.models.build import build_backbone
from bench.models.checkpoints import ENCODER_FILE, find_encoder, load_encoder, save_encoder
from bench.models.weights.files import read_weights
from bench.results import index
from bench.results.boards import regenerate
from bench.results.index import index_file, read_frame
from bench.results.record import FileRecord
from bench.results.store import Store
from tasks.brain_tumor import TASK
from tasks.kinds.classification import Classification, ClassificationSettings
from tests.faults.outcomes import Tally, judge
from tests.results.stores_of import add_run

QUIET = Report(quiet=True)


@dataclass(frozen=True)
class Stored:
    """A kind of file: how one is made, and what it is read as."""

    make: Callable[[Path], Path]
    read: Callable[[Path, Path], Any]
    """(folder, file) -> what a run would use of it."""


Damage = Callable[[bytearray, random.Random], str]
"""Changes a content in place and says how."""


def flip_bit(content: bytearray, draw: random.Random) -> str:
    """One random bit."""
    at, bit = draw.randrange(len(content)), draw.randrange(8)
    content[at] ^= 1 << bit
    return f"byte {at}, bit {bit}"


def zero_blocks(content: bytearray, draw: random.Random) -> str:
    """All from a random place on, as a file has that was not yet on the disk; or one block of up to 512 bytes."""
    at = draw.randrange(len(content))
    end = len(content) if draw.random() < 0.5 else min(at + 512, len(content))
    content[at:end] = bytes(end - at)
    return f"zeros from {at} to {end}"


def damage(kind: Stored, tries: int, tally: Tally, change: Damage = flip_bit, seed: int = 0) -> None:
    """Damage a file once at a time, and judge what is read."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = kind.make(folder)
        whole = path.read_bytes()
        wanted = kind.read(folder, path)
        for _ in range(tries):
            damaged = bytearray(whole)
            how = change(damaged, draw)
            path.write_bytes(damaged)
            outcome, found = judge(lambda: kind.read(folder, path), lambda value: value == wanted)
            tally.add(outcome, f"{path.name}, {how}: {found}")
            path.write_bytes(whole)


def _store(folder: Path) -> Store:
    return Store(folder / "results")


def _record(folder: Path) -> Path:
    return _store(folder).path(add_run(_store(folder)))


def _read_record(folder: Path, path: Path) -> Any:
    return _store(folder).read(path).identity


def _cases(folder: Path) -> Path:
    return _record(folder).with_suffix(".parquet")


def _read_cases(folder: Path, path: Path) -> Any:
    store = _store(folder)
    return store.cases(store.read(path.with_suffix(".json"))).to_json()


def _split_of_record(folder: Path) -> Path:
    return folder / "results" / add_run(_store(folder)).split.file


def _read_split_of_record(folder: Path, path: Path) -> Any:
    (record,), _ = _store(folder).load()
    return _store(folder).rows(FileRecord(file=record.split.file, sha256=record.split.fingerprint))


def _index(folder: Path) -> Path:
    for seed in range(3):
        add_run(_store(folder), seed=seed)
    before, index.FROM_FILES = index.FROM_FILES, 1
    try:
        read_frame(_store(folder), folder / "cache")
    finally:
        index.FROM_FILES = before
    return index_file(_store(folder).results, folder / "cache")


def _read_index(folder: Path, path: Path) -> Any:
    before, index.FROM_FILES = index.FROM_FILES, 1
    try:
        return read_frame(_store(folder), folder / "cache")[0].drop(columns=["logged"]).to_json()
    finally:
        index.FROM_FILES = before


def _board(folder: Path) -> Path:
    add_run(_store(folder))
    return regenerate(_store(folder).results, folder / "cache").files[0]


def _read_board(folder: Path, path: Path) -> Any:
    regenerate(_store(folder).results, folder / "cache")
    return path.read_bytes()


def _encoder(folder: Path) -> Path:
    torch.manual_seed(0)
    save_encoder(folder / ENCODER_FILE, nn.Linear(16, 8), {"identity": "a", "cost": {"seconds": 1.5}})
    return folder / ENCODER_FILE


def _read_encoder(folder: Path, path: Path) -> Any:
    """A damaged one is made again, which gives the same."""
    if find_encoder(folder, "a", QUIET) is None:
        _encoder(folder)
    into = nn.Linear(16, 8)
    return load_encoder(path, into), into.weight.tolist(), into.bias.tolist()


def _given_encoder(folder: Path) -> Path:
    torch.manual_seed(0)
    save_encoder(folder / "given.safetensors", build_backbone("vit_tiny_8"), {"backbone": "vit_tiny_8"})
    return folder / "given.safetensors"


def _read_given_encoder(folder: Path, path: Path) -> Any:
    tensors, provenance = read_weights(path)
    return provenance, {name: value.tolist() for name, value in tensors.items()}


def _states(folder: Path) -> StateFile:
    return StateFile(folder / "last.ckpt", "a", "pretraining", QUIET)


def _state(folder: Path) -> Path:
    torch.manual_seed(0)
    _states(folder).save({"epoch": 3, "w": torch.rand(100)})
    return folder / "last.ckpt"


def _read_state(folder: Path, path: Path) -> Any:
    """From a damaged one training starts over."""
    state = _states(folder).load()
    if state is None:
        _state(folder)
        state = _states(folder).load()
    return state and (state["epoch"], state["w"].tolist(), state["rng"]["torch"].tolist())


def _decoded_array() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (24, 24, 3), np.uint8)


def _decoded(folder: Path) -> Path:
    DiskCache(folder / "decoded").get("ab" * 32, _decoded_array)
    return folder / "decoded" / "ab" / f"{'ab' * 32}.npy"


def _read_decoded(folder: Path, path: Path) -> Any:
    return DiskCache(folder / "decoded").get("ab" * 32, _decoded_array).tolist()


def _embeddings(folder: Path) -> Path:
    _read_embeddings(folder, folder)
    return max((folder / "embeddings").rglob("*.npy"), key=lambda path: path.stat().st_size)


def _read_embeddings(folder: Path, path: Path) -> Any:
    torch.manual_seed(0)
    kind = Classification(TASK, ClassificationSettings(image_size=32))
    cases = [Case(f"{n}.png", Path(f"{n}.png"), n % 4, None) for n in range(20)]
    contents = {case.id: case.id for case in cases}
    files, device = DiskCache(folder / "embeddings"), torch.device("cpu")
    cache = EmbeddingCache(files, nn.Linear(2, 2), "resnet18", kind, contents, device)
    side = EmbeddedSide(TensorDataset(torch.rand(20, 16), torch.arange(20)), 1.0, 2.0)
    found = cache.get(cases, lambda: side)
    return [tensor.tolist() for tensor in found.data.tensors], found.seconds, found.peak_bytes


def _volume(folder: Path) -> Path:
    voxels = np.random.default_rng(0).integers(-500, 500, (12, 10, 8)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1.0, 1.0, 2.0, 1.0])), folder / "volume.nii.gz")
    return folder / "volume.nii.gz"


def _read_volume(folder: Path, path: Path) -> Any:
    return read_voxels(path).tolist(), read_grid(path).affine.tolist()


CHECKED: Mapping[str, Stored] = {
    "encoder of the cache": Stored(_encoder, _read_encoder),
    "encoder that is given": Stored(_given_encoder, _read_given_encoder),
    "state of unfinished training": Stored(_state, _read_state),
    "decoded array": Stored(_decoded, _read_decoded),
    "embeddings": Stored(_embeddings, _read_embeddings),
    "compressed volume (.nii.gz)": Stored(_volume, _read_volume),
    "record": Stored(_record, _read_record),
    "cases of a record": Stored(_cases, _read_cases),
    "split of a record": Stored(_split_of_record, _read_split_of_record),
    "index of records": Stored(_index, _read_index),
    "leaderboard": Stored(_board, _read_board),
}
"""Kinds with a digest or a checksum, and those that are made again from others."""
