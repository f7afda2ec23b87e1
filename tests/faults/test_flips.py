"""A flipped bit in a stored file is noticed, or changes nothing."""

import pytest

from tests.faults.flips import CHECKED, flip
from tests.faults.outcomes import Tally


@pytest.mark.parametrize("name", CHECKED)
def test_a_flipped_bit_never_becomes_another_value(name):
    tally = Tally()
    flip(CHECKED[name], 40, tally)
    assert tally.counts.total() == 40
    assert tally.bad == []
