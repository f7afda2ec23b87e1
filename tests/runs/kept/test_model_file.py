"""Where a kept model lies, and that a run without one says how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.errors import StorageError
from bench.results.store import Store
from bench.runs.kept.model_file import kept_model, model_path

RESULTS = Path(__file__).parents[3] / "results"


def test_a_model_lies_as_its_record_does():
    store = Store(RESULTS)
    path = next(iter(store.paths()))
    record = store.read(path)
    found = model_path(record, RESULTS)
    assert found.relative_to(RESULTS / "models").with_suffix(".json") == path.relative_to(RESULTS / "runs")
    with pytest.raises(StorageError, match=r"kept no model .*run it again with --keep-model"):
        kept_model(record, RESULTS)
