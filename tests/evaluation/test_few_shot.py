"""Few labels: which images keep theirs, the probe, and the mean over draws."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from bench.core.console import Report
from bench.engine.meter import Meter
from bench.evaluation.few_shot import FewShot, draw_labelled, wanted_per_class
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import REGULARISATIONS, FewShotSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR, TASK
from tasks.kinds.classification import Classification, ClassificationSettings

CLASSES = np.repeat([0, 1, 2], [200, 60, 4])


def test_a_fraction_is_taken_of_every_class_and_leaves_none_empty():
    sizes = np.array([200, 60, 4, 0])
    assert wanted_per_class(sizes, FewShotSettings(fraction=0.05)).tolist() == [10, 3, 1, 0]
    assert wanted_per_class(sizes, FewShotSettings(fraction=1)).tolist() == [200, 60, 4, 0]
    assert wanted_per_class(sizes, FewShotSettings(per_class=5)).tolist() == [5, 5, 4, 0]


def test_draws_are_seeded_differ_and_do_not_depend_on_the_method():
    one, again, other_draw, other_seed = (
        draw_labelled(CLASSES, 3, FewShotSettings(per_class=3), seed, draw)
        for seed, draw in ((7, 0), (7, 0), (7, 1), (8, 0))
    )
    assert one.tolist() == again.tolist() == sorted(set(one.tolist()))
    assert np.bincount(CLASSES[one]).tolist() == [3, 3, 3]
    assert one.tolist() != other_draw.tolist()
    assert one.tolist() != other_seed.tolist()


def test_a_smaller_fraction_is_part_of_a_larger_one():
    small, large = (set(draw_labelled(CLASSES, 3, FewShotSettings(fraction=f), 0, 0)) for f in (0.05, 0.1))
    assert small < large


@pytest.mark.parametrize("wrong", [{"fraction": 0}, {"fraction": 1.1}, {"per_class": 0}, {"draws": 0}, {"epochs": 3}])
def test_settings_are_checked(wrong):
    with pytest.raises(ValidationError):
        FewShotSettings(**wrong)


def test_fraction_or_number_but_not_both():
    assert FewShotSettings().fraction == 0.1
    assert FewShotSettings(per_class=5).fraction is None
    with pytest.raises(ValidationError, match="not both"):
        FewShotSettings(**PROTOCOLS["few_shot_1pct"].preset, per_class=5)


@pytest.fixture
def few_shot(whole_phantom_root, capfd):
    split = World(whole_phantom_root, Report(quiet=True)).split(BRAIN_TUMOR, 0)
    kind = Classification(TASK, ClassificationSettings(image_size=32))

    def embed(cases, noise):
        targets = torch.tensor([c.target for c in cases])
        generator = torch.Generator().manual_seed(0)
        return TensorDataset(F.one_hot(targets, 4) + noise * torch.randn(len(cases), 4, generator=generator), targets)

    def build(noise, **settings):
        embeddings = {name: embed(cases, noise) for name, cases in split.sides.items()}
        meter = Meter(torch.device("cpu"))
        few = FewShot(embeddings, kind, split, FewShotSettings(**settings), 0, meter, Report(quiet=False))
        return few, few.fit("x")

    return build


def test_a_perfect_encoder_needs_one_label_a_class(few_shot):
    few, outcome = few_shot(0.0, per_class=1, draws=2)
    assert outcome.best_epoch is None
    assert outcome.validation == 1.0
    assert few.kind.score(few.split.test, outcome.predictions)["accuracy"] == 1.0
    assert [len(draw.labelled) for draw in outcome.draws] == [4, 4]
    assert outcome.draws[0].labelled != outcome.draws[1].labelled
    assert [(one["draw"], one["regularisation"]) for one in outcome.sweep] == [
        (draw, c) for draw in (0, 1) for c in REGULARISATIONS
    ]
    assert few.parameters == 4 * 5


def test_labels_are_of_training_cases_and_predictions_are_means(few_shot):
    few, outcome = few_shot(0.7, per_class=2, draws=3)
    training = {case.id for case in few.split.train}
    assert all(set(draw.labelled) <= training for draw in outcome.draws)
    assert outcome.predictions == pytest.approx(np.mean([d.predictions for d in outcome.draws], axis=0))
    more = few_shot(0.7, per_class=20, draws=3)[1]
    assert more.validation > outcome.validation


def test_it_says_which_class_has_fewer_images_than_asked(few_shot, capfd):
    _, outcome = few_shot(0.0, per_class=1000, draws=1)
    assert "glioma_tumor has" in capfd.readouterr().err
    assert len(outcome.draws[0].labelled) == len(set(outcome.draws[0].labelled)) > 100
