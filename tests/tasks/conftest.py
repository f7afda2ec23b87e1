"""Drawn cases have no content that tells them apart between tests."""

import pytest

from bench.engine.kept import Memory


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.engine.kept.MEMORY", Memory())
