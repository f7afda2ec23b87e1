"""Axes: places inside, round ticks."""

import pytest

from bench.results.report.scales import Scale, scale_of


def test_values_have_places_between_the_ends():
    scale = Scale(0.0, 1.0, 10, 110)
    assert [scale(v) for v in (0, 0.5, 1, 7)] == [10, 60, 110, 110]
    assert Scale(0.0, 1.0, 110, 10)(0.25) == 85


def test_a_logarithmic_axis_has_decades():
    scale = Scale(1, 1000, 0, 300, log=True)
    assert scale(10) == 100
    assert scale.ticks == [1, 10, 100, 1000]
    assert Scale(20, 60, 0, 300, log=True).ticks == [20, 60]


@pytest.mark.parametrize(("low", "high"), [(0.61, 0.72), (0, 1), (-0.003, 0.004), (12, 3000)])
def test_ticks_are_few_and_round(low, high):
    ticks = Scale(low, high, 0, 100).ticks
    assert 3 <= len(ticks) <= 9
    assert all(low <= t <= high for t in ticks)


def test_an_axis_has_room_for_all_values_and_there_is_none_without():
    scale = scale_of([0.5, float("nan"), 0.7], 0, 100)
    assert 0 < scale(0.5) < scale(0.7) < 100
    assert scale_of([float("nan")], 0, 1) is None
    assert scale_of([0.0, -1.0], 0, 1, log=True) is None
    assert 0 < scale_of([0.5], 0, 100)(0.5) < 100
