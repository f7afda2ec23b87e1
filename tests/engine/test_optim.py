"""Optimisers and schedules by name."""

import pytest

from bench.core.method import MethodConfig
from bench.engine.optim import lr_factor


def test_schedules():
    steps = 100
    halving = MethodConfig(schedule="halve_four_times")
    assert [lr_factor(halving, s, steps) for s in (0, 19, 20, 40, 60, 80, 99, 100)] == [
        1, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16,
    ]  # fmt: skip
    cosine = MethodConfig(schedule="cosine", warmup_fraction=0.1)
    assert lr_factor(cosine, 0, steps) == pytest.approx(0.1)
    assert lr_factor(cosine, 10, steps) == 1
    assert lr_factor(cosine, 55, steps) == pytest.approx(0.5)
    assert lr_factor(cosine, 100, steps) == pytest.approx(0)
