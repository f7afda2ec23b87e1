"""From stored cases to intervals: what they are over, and what is kept."""

import numpy as np
import pytest

from bench.results.index import read_frame
from bench.results.leaderboard import board_of, detailed_board
from bench.results.statistics import run_draws as of_runs
from bench.results.store import Store
from tests.results.stores_of import N_CASES, add_run, three_methods


@pytest.fixture
def store(tmp_path):
    return three_methods(tmp_path)


def board(store, tmp_path):
    return board_of(read_frame(store, tmp_path / "cache")[0]).set_index("method")


def test_intervals_hold_the_mean_and_say_what_they_are_over(store, tmp_path):
    found = board(store, tmp_path)
    assert (found["ci95_low"] < found["mean"]).all()
    assert (found["mean"] < found["ci95_high"]).all()
    assert set(found["interval_over"]) == {"seeds and cases"}
    error = np.sqrt(0.3 * 0.7 / N_CASES)
    assert found.loc["random", "ci95_high"] - found.loc["random", "ci95_low"] > 2 * error


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_have_an_interval_over_cases_and_no_test(tmp_path, seeds):
    found = board(three_methods(tmp_path, seeds), tmp_path)
    assert set(found["interval_over"]) == {"cases"}
    assert found["ci95_low"].notna().all()
    assert set(found["tested"]) == {"the best", "not tested: fewer than 3 common seeds"}
    assert found["p_holm"].isna().all()


def test_metrics_that_are_not_of_the_cases_have_no_interval(tmp_path):
    store = Store(tmp_path / "results")
    for seed in range(3):
        add_run(store, seed=seed, metric="own", metrics={"own": 0.4})
    [row] = board_of(read_frame(store, tmp_path)[0]).to_dict("records")
    assert np.isnan(row["ci95_low"])
    assert row["interval_over"] == ""


def test_sites_are_means_of_metrics_inside_each_and_the_drop_has_an_interval(tmp_path):
    store = Store(tmp_path / "results")
    places = ["A"] * 10 + ["B"] * (N_CASES - 10)
    dice = [0.9 + i / 1000 if place == "A" else 0.5 + i / 1000 for i, place in enumerate(places)]
    means = {d: float(np.mean([v for v, p in zip(dice, places, strict=True) if p == d])) for d in "AB"}
    for seed in range(3):
        columns = {"domain": places, "metrics": [{"dice": value} for value in dice]}
        add_run(
            store, seed=seed, columns=columns, metric="dice", metrics={"dice": sum(means.values()) / 2},
            domains={d: {"dice": mean} for d, mean in means.items()}, trained_domain="A", distribution="in+out",
        )  # fmt: skip
    [row] = board_of(read_frame(store, tmp_path)[0]).to_dict("records")
    assert row["ci95_low"] < sum(means.values()) / 2 < row["ci95_high"]
    assert row["drop_ci95_low"] < means["A"] - means["B"] < row["drop_ci95_high"]


def test_only_what_changed_is_computed_again(store, tmp_path, monkeypatch):
    for method in "abcdefg":
        for seed in range(3):
            add_run(store, method, seed, 0.5)
    frame, _ = read_frame(store, tmp_path / "cache")
    first = detailed_board(frame)
    computed = []
    measure = of_runs._measure
    monkeypatch.setattr(of_runs, "_measure", lambda *given: computed.append(given[1].method) or measure(*given))
    again = detailed_board(frame)
    assert computed == []
    assert again.drop(columns=["sample", "metrics"]).equals(first.drop(columns=["sample", "metrics"]))
    add_run(store, "a", 3, 0.9)
    detailed_board(read_frame(store, tmp_path / "cache")[0])
    assert computed.count("a") == 5, "four for the board, and once when the new record was checked"
    assert computed.count("b") == 3, "its scores are compared again, its intervals are not made again"


def test_boards_are_the_same_without_a_cache_that_can_be_written(store, tmp_path):
    (tmp_path / "file").write_text("a file, no folder")
    with_cache, without = (board_of(read_frame(store, tmp_path / name)[0]) for name in ("cache", "file"))
    assert with_cache.equals(without)
