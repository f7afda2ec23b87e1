"""Curves as lines."""

import pytest

from bench.results.report.extras import Curve, CurveLine
from bench.results.report.lines import MOST_POINTS, curve_plot, sweep_plot
from tests.records_of import record


def places(plot, line=0):
    return [tuple(map(float, pair.split(","))) for pair in plot.lines[line][1].split()]


def loss(*lines):
    return Curve("loss", "step", tuple(CurveLine(name, tuple(steps), tuple(values)) for name, steps, values in lines))


def test_a_falling_loss_falls():
    plot = curve_plot(loss(("", (0, 1, 2), (3.0, 2.0, 1.0))))
    (x0, y0), _, (x2, y2) = places(plot)
    assert x0 < x2
    assert y0 < y2, "downwards is greater"
    assert (plot.title, plot.x_name) == ("loss", "step")


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    n = 10 * MOST_POINTS + 1
    plot = curve_plot(loss(("", range(n), map(float, range(n)))))
    assert len(places(plot)) <= MOST_POINTS
    assert places(plot)[-1][0] > 280


def test_one_step_is_no_curve():
    assert curve_plot(loss(("", (0,), (1.0,)))) is None


def test_lines_of_one_curve_share_their_axes():
    plot = curve_plot(loss(("training", (1, 2), (3.0, 1.0)), ("validation", (1, 2), (3.0, 2.0)), ("one", (1,), (9.0,))))
    assert [name for name, _ in plot.lines] == ["training", "validation"]
    (start, low), (other, higher) = places(plot), places(plot, 1)
    assert (start == other, low[0] == higher[0], low[1] > higher[1]) == (True, True, True), "downwards is greater"


def test_a_sweep_is_drawn_by_its_number_on_a_logarithmic_axis():
    sweep = [{"regularisation": v, "validation": s} for v, s in ((1.0, 0.6), (0.01, 0.5), (100.0, 0.7))]
    plot = sweep_plot(record(sweep=sweep))
    (x0, y0), (x1, _), (x2, y2) = places(plot)
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert y0 > y2
    assert (plot.x_name, plot.title) == ("regularisation", "accuracy on validation data (percent)")


def test_other_sweeps_are_left_out():
    assert sweep_plot(record()) is None
    assert sweep_plot(record(sweep=[{"a": 1.0, "b": 2.0, "validation": 0.5}] * 2)) is None
    assert sweep_plot(record(sweep=[{"a": 1.0, "validation": None}] * 2)) is None
