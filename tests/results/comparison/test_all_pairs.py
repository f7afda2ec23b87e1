"""The pairs of a group are those that its board tested, with the same numbers."""

import pytest

from bench.results.comparison.all_pairs import all_pairs
from bench.results.index import read_frame
from bench.results.leaderboard import detailed_board, to_frame
from tests.records_of import record
from tests.results.stores_of import add_run, three_methods


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path)
    for seed in range(3):
        add_run(store, "lvmmed", seed, 0.75, overrides={"method": {"alpha": 1}})
        add_run(store, "random", seed, 0.5, protocol="knn")
    return store


def test_pairs_have_the_numbers_of_the_board(store):
    frame = read_frame(store)[0]
    board = detailed_board(frame)
    pairs = all_pairs(frame, board)
    names = [{board["method"][row.a], board["method"][row.b]} for row in pairs.itertuples()]
    assert len(pairs) == 3 + 3, "three pairs of methods, and the variant with each"
    assert {"lvmmed", "random"} in names
    best = board.index[board["tested"] == "the best"]
    for row in board[(board["tested"] != "the best") & (board["protocol"] == "finetune")].to_dict("index").items():
        (found,) = [
            p for p in pairs.itertuples() if {p.a, p.b} == {row[0], *best[board["protocol"][best] == "finetune"]}
        ]
        sign = 1 if found.a == row[0] else -1
        assert sign * found.difference == pytest.approx(row[1]["difference_to_best"])
        assert sorted([sign * found.low, sign * found.high]) == pytest.approx(
            [row[1]["difference_low"], row[1]["difference_high"]]
        )
        assert (found.p_holm, found.tested) == (row[1]["p_holm"], row[1]["tested"])


def test_records_without_a_place_have_no_pairs():
    frame = to_frame([record(seed=seed) for seed in range(3)])
    assert all_pairs(frame, detailed_board(frame)).empty
