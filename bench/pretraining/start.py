"""What a pretraining starts from: random weights, ImageNet's, or a file of weights, which is known by its hash."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.errors import StorageError, UsageError
from bench.core.reading import hash_of, reading
from bench.models.weights.places import local_file

if TYPE_CHECKING:
    from torch import nn

START = r"sha256:[0-9a-f]{64}"
"""How settings, records and identities name a file of weights: by its content."""


class FileStart(str):
    """The hash of a file of weights, as `START`, in a process that knows where the file lies."""

    path: Path


def start_of_file(text: str) -> FileStart:
    """The hash of a file. Raises `ValueError` where there is none."""
    path = local_file(text)
    if not path.is_file():
        raise ValueError("expected random, imagenet or a file of weights")
    status = path.stat()
    start = FileStart(f"sha256:{_hash(path, status.st_mtime_ns, status.st_size)}")
    start.path = path
    return start


@cache
def _hash(path: Path, _changed: int, _size: int) -> str:
    with reading(path, "Copy or download it again.", StorageError):
        return hash_of(path)


def starting_encoder(backbone: str, init: str) -> nn.Module:
    """An encoder with the weights that a pretraining starts from.

    Raises:
        UsageError: ImageNet weights that do not exist, or a hash without a file.
        StorageError: a file that is missing, that changed, or that does not fit the backbone.
    """
    from bench.models.build import build_backbone
    from bench.models.weights.method import load_into, load_weights
    from bench.models.weights.sources import WeightsEntry

    if init in ("random", "imagenet"):
        return build_backbone(backbone, init)
    path = require_file_start(init)
    loaded = load_weights(WeightsEntry(name="init", file=path), backbone)
    if init != f"sha256:{loaded.record.sha256}":
        raise StorageError(f"{path} changed while this command ran. Run it again.")
    encoder = build_backbone(backbone)
    load_into(encoder, loaded)
    return encoder


def require_file_start(init: str) -> Path:
    """Where the file of a hash lies. Raises `UsageError` for a hash alone, as records have it."""
    if not isinstance(init, FileStart):
        raise UsageError(f"pretrain.init={init} is the hash of a file. Name the file: --set pretrain.init=FILE.")
    return init.path


def start_notes(backbone: str, init: str) -> list[str]:
    """What a record says of the file that its pretraining started from; none for other starts.

    Raises:
        UsageError, StorageError: the file cannot be used; see `load_weights`.
    """
    if init in ("random", "imagenet"):
        return []
    return [_note(backbone, init, require_file_start(init))]


@cache
def _note(backbone: str, _init: str, path: Path) -> str:
    from bench.models.weights.method import load_weights
    from bench.models.weights.sources import WeightsEntry

    loaded = load_weights(WeightsEntry(name="init", file=path), backbone)
    return f"The pretraining started from the file {path.name}. {loaded.record.corpus}"
