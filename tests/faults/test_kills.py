"""A command that is killed at any file operation leaves what was there or what was meant, and the next one goes on."""

import pytest

from tests.faults.kills import WORKS, kill_everywhere
from tests.faults.outcomes import Tally


@pytest.mark.parametrize("name", WORKS)
def test_a_kill_at_any_file_operation_is_recovered_from(name):
    tally = Tally()
    step = 7 if name == "leaderboards" else 1
    assert kill_everywhere(name, WORKS[name], tally, step) > 3
    assert tally.bad == []
