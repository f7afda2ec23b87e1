"""Compiled levels are NumPy's and torch's, to the bit, for every level."""

import numpy as np
import pytest
import torch

from bench.engine.images import normalise
from bench.pretraining.views import levels

PIXELS = np.random.default_rng(0).permutation(np.arange(3 * 256, dtype=np.int64)).astype(np.uint8).reshape(16, 16, 3)


@pytest.mark.parametrize(("factor", "offset"), [(0.0, 0.0), (0.5, 0.0), (1.37, 0.0), (1.7, -91.3), (0.2, 101.6)])
def test_scaled_rounds_to_even_and_stays_in_range(factor, offset):
    expected = np.clip(np.rint(factor * PIXELS.astype(np.float32) + offset), 0, 255).astype(np.uint8)
    assert np.array_equal(levels.scaled(PIXELS, factor, offset), expected)


def test_solarise_turns_over_from_128_on():
    expected = np.where(PIXELS < 128, PIXELS, 255 - PIXELS)
    assert np.array_equal(levels.solarise(PIXELS), expected)


@pytest.mark.parametrize("steps", [0, 7, 255])
def test_the_hue_turns_round_the_circle_and_nothing_else_changes(steps):
    turned = PIXELS.copy()
    levels.turn(turned, steps)
    assert np.array_equal(turned[..., 0], (PIXELS[..., 0].astype(int) + steps) % 256)
    assert np.array_equal(turned[..., 1:], PIXELS[..., 1:])


def test_normalised_is_normalise():
    found = levels.normalised(PIXELS)
    assert found.is_contiguous()
    assert torch.equal(found, normalise(torch.from_numpy(PIXELS).permute(2, 0, 1)))
