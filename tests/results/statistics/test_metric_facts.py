"""Ranges and margins of metrics."""

import math

import pytest

from bench.results.statistics.metric_facts import METRICS, facts_of
from tasks.kinds.classification import Classification
from tasks.kinds.detection.scores import METRICS as OF_BOXES


def test_parts_of_a_metric_have_its_facts():
    assert facts_of("dice/left lung") == METRICS["dice"]
    assert (facts_of("unheard of").low, facts_of("unheard of").margin) == (-math.inf, None)


@pytest.mark.parametrize("name", [*Classification.metrics, *OF_BOXES])
def test_metrics_of_the_kinds_are_known_and_their_margin_is_inside_their_range(name):
    facts = facts_of(name)
    assert 0 < facts.margin < facts.high - facts.low
