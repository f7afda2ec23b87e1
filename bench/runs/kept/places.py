"""What a stored run is, and where all that belongs to it lies, for `bench show RUN`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.core.cache_folder import encoder_folder, log_folder
from bench.results.store import MODELS, PREDICTIONS, Store, place_of_record
from bench.runs.kept.find import find_run

NAMES = ("method", "task", "protocol", "backbone", "seed", "profile", "data")


def run_facts(name: str, results: Path, cache: Path) -> dict[str, Any]:
    """Names, score and places of a run; a place that is not there is None. Raises as `find_run`."""
    record, results = find_run(name, results)
    store = Store(results)
    folder = encoder_folder(record.method, record.hashes["checkpoint"], cache) if record.corpus else None
    return {
        "type": "run",
        "name": record.identity,
        **{field: getattr(record, field) for field in NAMES},
        record.metric: record.metrics[record.metric],
        "record": str(store.path(record)),
        "log": _there(log_folder(place_of_record(record), cache)),
        "log_of_pretraining": _there(folder) if folder else None,
        "predictions": _there(store.beside(record, PREDICTIONS)),
        "model": _there(store.beside(record, MODELS, ".safetensors")),
    }


def _there(path: Path) -> str | None:
    return str(path) if path.exists() else None
