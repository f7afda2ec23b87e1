"""Rows of a group: labels that differ, drawings in order, links to runs."""

import pandas as pd
import pytest

from bench.results.index import read_frame
from bench.results.leaderboard import detailed_board
from bench.results.report.rows import anchor_of, axis_of, labels_of, rows_of
from tests.results.stores_of import add_run, three_methods


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path)
    changed = {"method": {"alpha": 1}}
    add_run(store, "simclr", 0, 0.7, config=changed, overrides=changed)
    frame = read_frame(store)[0]
    board = detailed_board(frame)
    return frame, board, rows_of(board, frame, axis_of(board, frame))


def test_rows_have_the_order_and_texts_of_the_board(found):
    _, board, rows = found
    assert [row.method for row in rows] == list(board["method"])
    (best,) = [row for row in rows if row.best]
    (variant,) = [row for row in rows if row.variant]
    assert best.cells["to_best"].text == ""
    assert (variant.settings, variant.cells["tested"].text) == (
        "method.alpha=1",
        "not tested: fewer than 3 common seeds",
    )
    assert float(best.cells["mean"].key) == pytest.approx(board["mean"].max(), abs=1e-5)


def test_runs_are_links_by_seed(found):
    frame, _, rows = found
    links = {run.anchor for row in rows for run in row.runs}
    assert links == {anchor_of(identity) for identity in frame["identity"]}
    assert [run.seed for run in rows[0].runs] == [0, 1, 2]


def test_drawn_intervals_lie_around_their_means(found):
    for row in found[2]:
        if row.interval.low is not None:
            assert 0 < row.interval.low <= row.interval.middle <= row.interval.high < 240
        assert len(row.interval.points) == len(row.runs)


def test_labels_tell_rows_apart_and_hide_what_is_constant():
    facts = {"corpus": ["pool", "pool", "", "task"], "pretraining_hash": ["1", "2", "3", "4"]}
    board = pd.DataFrame(
        {"method": ["a", "a", "random", "a"], "settings": ["p=1 m=1", "p=1 m=2", "", "p=1 m=1"], **facts}
    )
    assert list(labels_of(board).values()) == ["a m=1 pool", "a m=2", "random", "a m=1 task"]
    alone = pd.DataFrame({"method": ["a"], "settings": ["p=1"], "corpus": [""], "pretraining_hash": ["1"]})
    assert list(labels_of(alone).values()) == ["a"]
