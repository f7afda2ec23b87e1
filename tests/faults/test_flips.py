"""A flipped bit in a stored file is noticed, or changes nothing."""

import pytest

from tests.faults.flips import CHECKED, flip
from tests.faults.outcomes import Tally

SLOW = ("leaderboard",)
"""Made again from all records, each time."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in CHECKED])
def test_a_flipped_bit_never_becomes_another_value(name):
    tally = Tally()
    flip(CHECKED[name], 40, tally)
    assert tally.counts.total() == 40
    assert tally.bad == []
