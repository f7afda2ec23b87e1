"""Canaries of views, loops and probes notice a change of each."""

from functools import partial

import pytest

from bench.dev import training_canaries
from bench.dev.lock import compare
from bench.pretraining.augment import Augmentation

FLIPS = partial(Augmentation, flip_probability=0.4)


@pytest.mark.parametrize(
    ("canary", "place", "changed"),
    [
        (
            training_canaries.views,
            "bench.dev.training_canaries.Augmentation",
            partial(Augmentation, flip_probability=0.4),
        ),
        (training_canaries.pretraining, "bench.engine.optim.lr_factor", lambda config, step, total: 1.0),
        (training_canaries.probes, "bench.evaluation.regression._LEAST_PROBABILITY", 0.1),
    ],
)
def test_a_change_is_noticed(tmp_path, monkeypatch, canary, place, changed):
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    locked = canary(before)
    monkeypatch.setattr(place, changed)
    assert list(compare(locked, canary(after)))
