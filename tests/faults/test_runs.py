"""A whole run that is killed in between gives, when it is run again, what an undisturbed one gives."""

import pytest

from tests.faults.outcomes import Tally
from tests.faults.runs import kill_run


@pytest.mark.slow
@pytest.mark.parametrize(("method", "protocol"), [("random", "knn"), ("simclr", "linear")])
def test_a_killed_run_is_made_again(method, protocol):
    tally = Tally()
    assert kill_run(method, protocol, tally, step=400) > 400
    assert tally.bad == []
