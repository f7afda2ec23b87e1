"""Rows beside the best of their group: what was tested, corrected for how many, and in which words."""

import numpy as np
import pandas as pd
import pytest

from bench.results.comparison.with_best import rank_intervals, ranks_of, verdict
from bench.results.index import read_frame
from bench.results.leaderboard import board_of
from bench.results.statistics.differences import Difference, Law
from bench.results.statistics.metric_facts import facts_of
from bench.results.store import Store
from tests.results.stores_of import add_run, three_methods


def board(store, tmp_path):
    return board_of(read_frame(store, tmp_path / "cache")[0])


def test_the_best_is_compared_with_every_other(tmp_path):
    store = three_methods(tmp_path, seeds=5, n_cases=200)
    found = board(store, tmp_path).set_index("method")
    assert found.loc["simclr", "tested"] == "the best"
    assert np.isnan(found.loc["simclr", "p_holm"])
    assert found.loc["random", "tested"] == "differs"
    assert found.loc["random", "difference_high"] < 0
    assert found.loc["byol", "tested"] != "differs"
    assert found.loc["random", "difference_to_best"] == pytest.approx(
        found.loc["random", "mean"] - found.loc["simclr", "mean"]
    )
    assert set(found["margin"]) == {facts_of("accuracy").margin}


def test_p_is_corrected_for_all_pairs_of_methods_and_no_variant_counts(tmp_path):
    store = three_methods(tmp_path)
    one = board(store, tmp_path).set_index("method")["p_holm"]
    for alpha in range(4):
        for seed in range(3):
            add_run(
                store, "byol", seed, 0.5, overrides={"method": {"alpha": alpha}}, config={"method": {"alpha": alpha}}
            )
    with_variants = board(store, tmp_path)
    own = with_variants[~with_variants["settings"].str.contains("method.")].set_index("method")["p_holm"]
    pd.testing.assert_series_equal(own, one, check_names=False)
    assert with_variants["p_holm"].notna().sum() == 2 + 4
    for seed in range(3):
        add_run(store, "dino", seed, 0.5)
    more = board(store, tmp_path).set_index(["method", "settings"])["p_holm"]
    assert more["random", ""] > one["random"], "six pairs instead of three"


@pytest.mark.parametrize(
    ("p", "p_outside", "words"),
    [
        (0.2, 0.2, "not told apart"),
        (0.01, 0.5, "differs"),
        (0.2, 0.01, "equivalent within 0.02"),
        (0.01, 0.01, "differs, equivalent within 0.02"),
    ],
)
def test_words_are_those_of_the_tests_that_were_made(p, p_outside, words):
    test = Difference(0.01, law=Law(0.0, 1e-4, 9), seeds=3)
    assert verdict(test, p, p_outside, 0.02) == words
    assert "equivalent" not in verdict(test, p, np.nan, None)


def test_words_say_why_nothing_was_tested():
    assert verdict(Difference(0.1, law=Law(0.0, 0.01, 9), seeds=2), np.nan, np.nan, 0.02).endswith(
        "fewer than 3 common seeds"
    )
    assert verdict(Difference(0.1, seeds=5), np.nan, np.nan, 0.02).endswith("no common cases")


def test_ranks_have_intervals_among_the_rows_that_count():
    generator = np.random.default_rng(0)
    samples = [
        0.9 + 0.01 * generator.normal(size=500),
        0.5 + generator.normal(size=500),
        0.5 + generator.normal(size=500),
    ]
    rows = pd.DataFrame({"sample": samples}, index=[4, 5, 6])
    found = rank_intervals(rows, pd.Series([True, True, True], index=rows.index))
    assert found.loc[4].tolist() == [1, 3]
    sure = rank_intervals(pd.DataFrame({"sample": [samples[0] + 9, *samples[1:]]}), pd.Series([True, True, False]))
    assert sure.to_numpy().tolist()[0] == [1, 1]
    assert sure.to_numpy().tolist()[2] == [2, 3]
    unknown = rank_intervals(pd.DataFrame({"sample": [samples[0], np.empty(0)]}), pd.Series([True, True]))
    assert unknown.isna().all(axis=None)


def test_ranks_by_hand():
    draws = np.array([[0.1, 0.5], [0.2, 0.5], [0.3, 0.1]])
    assert ranks_of(draws, draws).tolist() == [[3, 1], [2, 1], [1, 3]]


def test_other_test_cases_are_not_compared(tmp_path):
    store = Store(tmp_path / "results")
    for seed in range(3):
        add_run(store, "simclr", seed, 0.8)
        add_run(store, "byol", seed, 0.3, split_name="other", n_cases=41)
    found = board(store, tmp_path).set_index("method")
    assert found.loc["byol", "tested"] == "not tested: no common cases"
    assert np.isfinite(found.loc["byol", "difference_to_best"])
