"""Boards for people and for machines: what was tested stands in words, every metric has its interval."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.core.settings import SeenRecord
from bench.results.board_text import COMPARED_HASHES, COMPARED_KEYS, compared_lines, to_markdown
from bench.results.index import read_frame
from bench.results.leaderboard import board_of, task_board
from bench.results.tables import leaderboard_texts
from bench.results.written.columns import NAN, seen_mark
from tests.records_of import record
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


@pytest.mark.parametrize(
    ("row", "mark"),
    [
        ({}, ""),
        ({"seen_cases": float("nan")}, ""),
        ({"seen_cases": 0.0, "test_cases": 10, "mean_without_seen": 0.5}, ""),
        ({"seen_cases": 4.0, "test_cases": 10, "mean_without_seen": 0.456}, " (pretrained on 4 of 10; without 45.6)"),
        ({"seen_cases": 10.0, "test_cases": 10, "mean_without_seen": None}, " (pretrained on 10 of 10; none left)"),
    ],
)
def test_scores_of_weights_that_saw_test_cases_are_marked(row, mark):
    assert seen_mark(row) == mark


def test_the_columns_of_what_weights_saw_are_there_only_where_it_is_known():
    counts = {"n_test": 1, "n_validation": 0, "n_train": 0, "sources": {"x": 1}}
    seen = SeenRecord(file="f", sha256="s", past="p", statement="s", **counts)
    unknown = record("random")
    known = record("file", seen=seen, metrics_without_seen={"accuracy": 0.25})
    assert "seen_cases" not in task_board([unknown])
    board = task_board([unknown, known])
    without = board.set_index("method")["mean_without_seen"].to_dict()
    assert without == pytest.approx({"random": NAN, "file": 0.25}, nan_ok=True)
    assert "(pretrained on 1 of 1; none left)" in to_markdown(board)


NAMES = ("simclr", "pool", "pool ", "task(x)", "")
TOLD_APART = st.fixed_dictionaries(
    {column: st.sampled_from(NAMES) for column in COMPARED_KEYS.values()}
    | {column: st.sampled_from(["", "a1", "b2"]) for column in COMPARED_HASHES.values()}
)


@settings(max_examples=30, deadline=None)
@given(st.lists(TOLD_APART, min_size=1, max_size=6, unique_by=lambda facts: tuple(map(str.strip, facts.values()))))
def test_no_two_comparisons_look_alike_whatever_they_found(facts):
    numbers = ("seeds", "difference", "low", "high", "p", "p_holm", "smallest_shown")
    same = dict.fromkeys(numbers, 0.5) | {"interval_over": "cases", "tested": "differs"}
    lines = compared_lines(pd.DataFrame([{**one, **same} for one in facts]))
    rows = lines[1 : lines.index("")]
    assert len(set(rows)) == len(rows) == len(facts)
    assert "row" not in lines[0].split(), "names are enough"
