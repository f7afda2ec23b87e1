"""Where the adapted model of a run lies: below the results folder, as its record does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.core.errors import StorageError
from bench.evaluation.evaluate import Evaluation
from bench.models.adapted_file import AdaptedFile, read_adapted, save_adapted
from bench.results.record import Record
from bench.results.store import MODELS, Store


def model_path(record: Record, results: Path) -> Path:
    """models/<data>/<profile>/<method>/<task>/<file name of the record, without .json>.safetensors."""
    return Store(results).beside(record, MODELS, ".safetensors")


def keep_model(record: Record, classes: Sequence[str], evaluation: Evaluation, results: Path) -> Path:
    """Write the model that made a record's predictions of these classes. Raises `StorageError` on a failed write."""
    assert evaluation.adapted is not None
    path = model_path(record, results)
    names = ("identity", "method", "backbone", "task", "kind", "protocol", "seed")
    provenance = {name: getattr(record, name) for name in names} | {"classes": list(classes)}
    save_adapted(path, evaluation.adapted.tensors(), provenance)
    return path


def kept_model(record: Record, results: Path) -> AdaptedFile:
    """The model of a record. Raises `StorageError` where none was kept, or as `read_adapted`."""
    path = model_path(record, results)
    if not path.exists():
        raise StorageError(
            f"The run {record.identity[:12]} kept no model ({path} is missing). Delete its record and run it again "
            "with --keep-model."
        )
    return read_adapted(path, record.identity)
