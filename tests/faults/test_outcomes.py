"""What an outcome is called."""

import pytest

from bench.core.errors import BenchError
from tests.faults import outcomes
from tests.faults.outcomes import CLEAR, HUNG, RIGHT, TRACEBACK, WRONG, Tally, judge


def raises(error):
    raise error


def forever():
    while True:
        pass


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        (lambda: 1, RIGHT),
        (lambda: 2, WRONG),
        (lambda: raises(BenchError("a file is damaged")), CLEAR),
        (lambda: raises(BenchError("")), WRONG),
        (lambda: raises(KeyError("x")), TRACEBACK),
        (forever, HUNG),
    ],
)
def test_every_outcome_has_its_name(monkeypatch, call, outcome):
    monkeypatch.setattr(outcomes, "SECONDS", 1)
    tally = Tally()
    tally.add(judge(call, lambda value: value == 1)[0], "it")
    assert tally.counts == {outcome: 1}
    assert (tally.bad == []) == (outcome in (RIGHT, CLEAR))
