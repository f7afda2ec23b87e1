"""Cost against score."""

import pandas as pd

from bench.results.report.cost import cost_plot
from bench.results.report.rows import Cell, Drawing, Row


def row(number):
    drawing = Drawing(None, None, None)
    return Row(number, f"row {number}", "m", "", "", "", False, False, {"mean": Cell("50.0")}, drawing, drawing, ())


def board(**changes):
    facts = {
        "adapt_seconds": [10.0, 100.0, 5.0],
        "pretrain_seconds": [float("nan"), 900.0, 5.0],
        "mean": [0.5, 0.7, 0.6],
    }
    return pd.DataFrame(facts | {"ci95_low": [0.4, 0.6, float("nan")], "ci95_high": [0.6, 0.8, float("nan")]} | changes)


def test_a_costlier_contestant_stands_further_right_and_a_better_one_higher():
    plot = cost_plot(board(), [row(1), row(0), row(2)])
    points = {point.label: point for point in plot.points}
    assert [point.number for point in plot.points] == [1, 2, 3]
    assert points["row 0"].x == points["row 2"].x < points["row 1"].x
    assert points["row 0"].y > points["row 2"].y > points["row 1"].y
    assert (points["row 2"].low, points["row 1"].text) == (None, "50.0 %, 1e+03 s")
    assert [label for _, label in plot.x_ticks] == ["10", "100", "1e+03"]


def test_there_is_no_plot_where_one_cost_alone_is_known():
    unknown = [float("nan")] * 2
    assert cost_plot(board(adapt_seconds=[1.0, *unknown]), [row(0), row(1), row(2)]) is None
