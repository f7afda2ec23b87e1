"""Draws of one run's metrics are around what its record says."""

import numpy as np
import pandas as pd
import pytest

from bench.results.statistics.run_draws import _of_kind, means_of_cases, run_draws
from tests.results.stores_of import three_methods


def test_metrics_of_a_record_are_those_of_its_cases(tmp_path):
    store = three_methods(tmp_path)
    one = store.load()[0][0]
    found = run_draws(store, one)
    assert found.recorded["accuracy"] == one.metrics["accuracy"]
    assert found.recorded["sensitivity"] <= 1
    assert found.recorded["ece"] == pytest.approx(abs(one.metrics["accuracy"] - 0.75), abs=0.01)
    assert np.nanmean(found.draws["accuracy"]) == pytest.approx(one.metrics["accuracy"], abs=0.01)
    assert np.isnan(found.recorded["macro_auroc"])


def test_means_are_over_the_cases_where_a_metric_is_defined():
    columns = {"dice": np.array([0.5, np.nan, 1.0])}
    weights = np.array([[1, 0, 3], [5, 1, 0], [1, 0, 1]], dtype=np.float32)
    expected = [0.75, np.nan, (3 * 0.5 + 1) / 4]
    assert means_of_cases(columns, weights)["dice"].tolist() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    "columns",
    [
        {"target": [[1.0, 0.0]] * 3, "prediction": [[0.5, 0.25]] * 3},
        {"target": [1, 0, 1], "prediction": [0.5, 0.25, 0.1]},
        {"target": [0.5, 1.5, 2.0], "prediction": [0.5, 0.25, 0.1]},
    ],
)
def test_cases_that_another_kind_keeps_in_its_own_way_have_no_draws(columns):
    table = pd.DataFrame(columns)
    assert _of_kind(table, {"auroc"})(np.ones((3, 4), np.float32)) == {}
