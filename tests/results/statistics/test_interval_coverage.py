"""On simulated benchmarks with a known truth intervals hold it as often as they say, and level methods stay level."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def simulation():
    path = Path(__file__).parents[3] / "perf" / "interval_coverage.py"
    spec = spec_from_file_location("interval_coverage", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("n_cases", [50, 400])
@pytest.mark.parametrize("n_seeds", [3, 5, 10])
def test_coverage_and_false_positives(simulation, n_seeds, n_cases):
    found = simulation.measure("accuracy", simulation.WORLDS["both"], n_seeds, n_cases, 500)
    assert 0.93 <= found["coverage"] <= 0.97
    assert found["false_positives"] < 0.05
