"""A flipped bit or zeroed blocks in a stored file are noticed, or change nothing."""

import numpy as np
import pytest

from tests.faults.flips import CHECKED, Stored, damage, flip_bit, zero_blocks
from tests.faults.outcomes import Tally


@pytest.mark.parametrize("change", [flip_bit, zero_blocks])
@pytest.mark.parametrize("name", CHECKED)
def test_damage_never_becomes_another_value(name, change):
    tally = Tally()
    damage(CHECKED[name], 30, tally, change)
    assert tally.counts.total() == 30
    assert tally.bad == []


def test_a_format_without_a_digest_would_be_found():
    """The test of the test: plain arrays of numpy give other values."""

    def make(folder):
        np.save(folder / "a.npy", np.arange(1000))
        return folder / "a.npy"

    tally = Tally()
    damage(Stored(make, lambda folder, path: np.load(path).tolist()), 30, tally)
    assert tally.counts["wrong"] > 20
