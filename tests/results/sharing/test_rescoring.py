"""Scores computed again from cases: over sites, over draws, of cases' own scores, of unknown kinds."""

import numpy as np
import pytest

from bench.results.record import DrawRecord
from bench.results.sharing.references import References
from bench.results.sharing.rescoring import CASES, DRAWS, PREDICTIONS, UNKNOWN, rescore
from bench.results.store import Store
from tests.results.sharing.stores import NEAR, whole_run
from tests.results.stores_of import N_CASES


@pytest.fixture
def again(tmp_path):
    def call(**facts):
        store = Store(tmp_path / "results")
        record = whole_run(store.results, **facts)
        found, source = rescore(record, store.path(record).relative_to(store.results).as_posix(), References(store))
        return [one.field for one in found], source

    return call


def test_predictions(again):
    assert again() == ([], PREDICTIONS)
    assert again(metrics_without_near_duplicates={"accuracy": 0.01})[0] == ["metrics_without_near_duplicates.accuracy"]
    assert again(metrics_without_duplicates={"accuracy": None})[0] == ["metrics_without_duplicates.accuracy"]


def test_scores_of_cases_with_a_metric_that_some_do_not_have(again):
    dice = [None if i < len(NEAR) else i / N_CASES for i in range(N_CASES)]
    mean = float(np.mean(dice[len(NEAR) :]))
    facts = {"columns": {"metrics": [{"dice": one} for one in dice]}, "metric": "dice", "selection": {}, "sweep": []}
    scores = ("metrics", "metrics_without_duplicates", "metrics_without_near_duplicates")
    assert again(**facts, **{key: {"dice": mean} for key in scores}) == ([], CASES)
    assert again(**facts, **{key: {"dice": mean + 0.1} for key in scores})[0] == [f"{key}.dice" for key in scores]


def test_sites_and_sites_that_have_no_case_left(again):
    target = [i % 2 for i in range(N_CASES)]
    sites = ["A" if i < len(NEAR) else "B" for i in range(N_CASES)]
    prediction = [[1.0, 0.0]] * N_CASES  # right for every second case
    both = {"A": {"accuracy": 0.5}, "B": {"accuracy": 0.5}}
    facts = {
        "columns": {"domain": sites, "target": target, "prediction": prediction},
        "trained_domain": "A",
        "metrics": {"accuracy": 0.5},
        "metrics_without_duplicates": {"accuracy": 0.5},
    }
    undefined = {"accuracy": None}
    assert again(**facts, domains=both, metrics_without_near_duplicates=undefined) == ([], PREDICTIONS)
    edited = again(**facts, domains=both, metrics_without_near_duplicates={"accuracy": 0.5})
    assert edited[0] == ["metrics_without_near_duplicates.accuracy"]
    moved = {"A": {"accuracy": 0.25}, "B": {"accuracy": 0.75}}
    assert again(**facts, domains=moved, metrics_without_near_duplicates=undefined)[0] == [
        "domains.A.accuracy",
        "domains.B.accuracy",
    ]


def test_draws_have_their_scores_alone(again):
    draws = [DrawRecord(labelled=4, metrics={"accuracy": value}) for value in (0.4, 0.6)]
    assert again(draws=draws, metrics={"accuracy": 0.5}) == ([], DRAWS)
    assert again(draws=draws, metrics={"accuracy": 0.6}) == (["metrics.accuracy"], DRAWS)


def test_cases_of_a_form_of_its_own_are_said_not_to_be_scored(again):
    columns = {"target": [0.5] * N_CASES, "prediction": [0.25] * N_CASES}
    names = ("metrics", "metrics_without_duplicates", "metrics_without_near_duplicates")
    assert again(columns=columns, metric="error", **{key: {"error": 3.0} for key in names}) == ([], UNKNOWN)
