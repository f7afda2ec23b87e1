"""Mean ranks over data sets carry bootstrap intervals; what they are means of: tests/results/test_leaderboard.py."""

from bench.results.comparison.mean_ranks import overall_board
from bench.results.index import read_frame
from bench.results.leaderboard import detailed_board
from tests.results.stores_of import add_run, three_methods


def test_mean_ranks_have_intervals(tmp_path):
    store = three_methods(tmp_path)
    for seed in range(3):
        for method, right in (("simclr", 0.7), ("byol", 0.75), ("random", 0.2)):
            add_run(store, method, seed, right, task="drive", data_set="drive", split_name="d", n_cases=50)
    found = overall_board(detailed_board(read_frame(store, tmp_path / "c")[0])).set_index("method")
    assert (found["mean_rank_low"] <= found["mean_rank"]).all()
    assert (found["mean_rank"] <= found["mean_rank_high"]).all()
    assert found.loc["random", ["mean_rank_low", "mean_rank_high"]].tolist() == [3, 3]
    assert found.loc["byol", "mean_rank_low"] < found.loc["byol", "mean_rank_high"]
