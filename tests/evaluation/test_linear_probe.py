"""The linear probe: validation chooses the penalty, the test split is predicted by that one."""

import pytest
import torch
from torch.utils.data import TensorDataset

from bench.core.console import Report
from bench.engine.meter import Meter
from bench.evaluation.linear_probe import LinearProbe
from bench.evaluation.settings import LinearProbeSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR, TASK
from tasks.kinds.classification import Classification, ClassificationSettings

REPORT = Report(quiet=True)


@pytest.fixture(scope="module")
def split(whole_phantom_root):
    return World(whole_phantom_root, REPORT).split(BRAIN_TUMOR, 0)


def embedded(split, noise, dims=60, scale=1.0):
    """Class means in the first four units, noise everywhere."""
    generator, sides = torch.Generator().manual_seed(0), {}
    for name, cases in split.sides.items():
        targets = torch.tensor([c.target for c in cases])
        signal = torch.eye(4, dims)[targets]
        sides[name] = TensorDataset(
            scale * (signal + noise * torch.randn(len(cases), dims, generator=generator)), targets
        )
    return sides


def fit(split, sides, **settings):
    kind = Classification(TASK, ClassificationSettings(image_size=32))
    probe = LinearProbe(sides, kind, split, LinearProbeSettings(**settings), Meter(torch.device("cpu")), REPORT)
    return probe, probe.fit("linear")


def test_the_best_on_validation_predicts_and_all_are_recorded(split):
    sides = embedded(split, 0.4)
    probe, outcome = fit(split, sides)
    scores = {one["regularisation"]: one["validation"] for one in outcome.sweep}
    c = outcome.chosen["regularisation"]
    assert scores[c] == outcome.validation == max(scores.values())
    assert c == min(candidate for candidate in scores if scores[candidate] == scores[c]), "the strongest of equals"
    alone = fit(split, sides, regularisations=[c])[1]
    assert alone.predictions == pytest.approx(outcome.predictions, abs=0.02)
    assert probe.parameters == 4 * 61
    assert probe.kind.score(split.test, outcome.predictions)["accuracy"] > 0.6


def test_scale_of_the_features_changes_nothing(split):
    first, second = (fit(split, embedded(split, 0.6, scale=s))[1] for s in (1.0, 1e-3))
    assert second.predictions == pytest.approx(first.predictions, abs=1e-3)


def test_test_targets_are_never_read(split):
    sides = embedded(split, 0.6)
    first = fit(split, sides)[1]
    sides["test"] = TensorDataset(sides["test"].tensors[0], torch.zeros(len(split.test), dtype=torch.long))
    assert (fit(split, sides)[1].predictions == first.predictions).all()


def test_a_choice_at_an_end_of_the_range_is_said(split):
    notes = fit(split, embedded(split, 0.6), regularisations=[1e-6, 1e-5])[1].notes
    assert len(notes) == 1
    assert "of its range" in notes[0]


def test_a_solver_that_was_stopped_is_a_note(split):
    _, outcome = fit(split, embedded(split, 0.4), epochs=2, regularisations=(10.0,))
    assert outcome.notes == ("linear: the solver stopped after protocol.epochs=2 passes, before it converged",)
    assert fit(split, embedded(split, 0.4), regularisations=(0.1,))[1].notes == ()
