"""A store of three whole runs, and a cache of its own."""

import shutil

import pytest

from bench.core.console import Report
from tests.results.sharing.stores import whole_run


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def three_runs(tmp_path_factory):
    """A results folder with seeds 0 and 1 of simclr and seed 0 of random; do not change it."""
    folder = tmp_path_factory.mktemp("three") / "results"
    for method, seed in (("simclr", 0), ("simclr", 1), ("random", 0)):
        whole_run(folder, method, seed)
    return folder


@pytest.fixture
def results(three_runs, tmp_path):
    """A copy of it."""
    return shutil.copytree(three_runs, tmp_path / "results")


@pytest.fixture
def quiet():
    return Report(quiet=True)
