"""Every form of image and mask, for every data set of images: the same values, or one error, in run and `verify`."""

import pytest

from bench.data.phantom import ensure_phantom
from tests.faults.inputs import data_sets
from tests.faults.outcomes import Tally
from tests.faults.pixels import VOLUMES, try_pixels

EVERY = 4
"""Of all forms; the long form tries all of them."""


@pytest.mark.parametrize("name", sorted(data_sets().keys() - set(VOLUMES)))
def test_forms_of_a_data_set(tmp_path, name):
    tally, data_set = Tally(), data_sets()[name]
    try_pixels(data_set, ensure_phantom(data_set, tmp_path), tally, slice(sum(map(ord, name)) % EVERY, None, EVERY))
    assert tally.bad == []
    assert tally.counts["right"] > 0
    assert tally.counts["clear error"] > 0
