"""What a record says beside the scores."""

import numpy as np

from bench.evaluation.adaptation import Adaptation
from bench.evaluation.evaluate import Evaluation
from bench.evaluation.health import Health
from bench.runs.recording.record import notes_of


def test_a_collapsed_encoder_and_a_choice_at_an_end_are_said():
    adapted = Adaptation(np.zeros(2), None, 0.5, {}, notes=("C 0.1 is the smallest.",))
    collapsed = Evaluation(adapted, {}, {}, Health(images=50, effective_rank=1.0, mean_cosine=1.0, dead_units=0.0))
    first, second = notes_of(collapsed)
    assert "collapsed" in first
    assert second == "C 0.1 is the smallest."
    healthy = Evaluation(adapted, {}, {}, Health(images=50, effective_rank=30.0, mean_cosine=0.2, dead_units=0.0))
    assert notes_of(healthy) == ["C 0.1 is the smallest."]
    assert notes_of(Evaluation(adapted, {}, {})) == ["C 0.1 is the smallest."]
