"""Boards for people and for machines: what was tested stands in words, every metric has its interval."""

from bench.results.board_text import to_markdown
from bench.results.index import read_frame
from bench.results.leaderboard import board_of
from bench.results.tables import leaderboard_texts
from tests.results.stores_of import three_methods


def test_files_have_every_metric_with_its_interval_and_the_text_what_was_tested(tmp_path):
    store = three_methods(tmp_path)
    frame, _ = read_frame(store, tmp_path / "cache")
    texts = leaderboard_texts(frame, tmp_path / "published")
    lines = texts["real-quick-metrics.csv"].splitlines()
    assert lines[0].endswith("metric,seeds,mean,ci95_low,ci95_high,interval_over")
    metrics = {line.split(",")[-6] for line in lines[1:]}
    assert {"accuracy", "ece", "brier", "sensitivity", "specificity"} <= metrics
    header = texts["real-quick.csv"].splitlines()[0].split(",")
    assert {"ece", "ece_ci95_low", "brier", "sensitivity_ci95_high", "test_set", "rank_low", "tested"} <= set(header)
    assert not {"sample", "metrics", "stand_in"} & set(header)
    text = to_markdown(board_of(frame))
    assert "Intervals over seeds and cases." in text
    assert "| the best |" in text
