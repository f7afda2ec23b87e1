"""The vote of nearest neighbours: by hand, against lightly, and through the harness."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightly.utils.benchmarking.knn import knn_predict
from pydantic import ValidationError
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from bench.core.console import Report
from bench.engine.meter import Meter
from bench.evaluation.neighbours import NeighbourVote, vote_shares
from bench.evaluation.settings import NEIGHBOURS, NeighbourSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR, TASK
from tasks.kinds.classification import Classification, ClassificationSettings


def unit(*degrees):
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_vote_by_hand():
    """Two near neighbours of class 0, one nearer of class 2; the fourth is not among the three nearest."""
    bank = unit(60, 60, 20, 180) * np.array([[1.0], [7.0], [0.1], [3.0]])  # length does not matter
    one, three = vote_shares(bank, np.array([0, 0, 2, 1]), unit(0), 3, (1, 3), 0.5)
    near, far = np.exp(np.cos(np.deg2rad(20)) / 0.5), 2 * np.exp(0.5 / 0.5)
    assert one == pytest.approx(np.array([[0.0, 0.0, 1.0]]))
    assert three == pytest.approx(np.array([[far, 0.0, near]]) / (near + far))


def test_shares_agree_with_lightlys_vote():
    generator = torch.Generator().manual_seed(0)
    bank, queries = torch.randn(200, 16, generator=generator), torch.randn(50, 16, generator=generator)
    classes = torch.randint(0, 4, (200,), generator=generator)
    for k, ours in zip(
        (5, 20), vote_shares(bank.numpy(), classes.numpy(), queries.numpy(), 4, (5, 20), 0.07), strict=True
    ):
        theirs = knn_predict(F.normalize(queries), F.normalize(bank).T, classes, 4, knn_k=k, knn_t=0.07)
        assert (ours.argsort(axis=1)[:, ::-1][:, 0] == theirs[:, 0].numpy()).all()
        assert ours.sum(axis=1) == pytest.approx(np.ones(50))


def test_more_neighbours_than_training_images_are_all_of_them():
    bank, classes = unit(0, 90, 170), np.array([0, 1, 1])
    few, many = vote_shares(bank, classes, unit(10), 2, (3, 1000), 0.07)
    assert (few == many).all()


def test_a_tiny_temperature_is_the_nearest_neighbour():
    (shares,) = vote_shares(unit(0, 5, 6), np.array([1, 0, 0]), unit(1), 2, [20], 1e-6)
    assert shares == pytest.approx(np.array([[0.0, 1.0]]))


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"temperature": 0}, {"epochs": 3}])
def test_settings_are_checked(wrong):
    with pytest.raises(ValidationError):
        NeighbourSettings(**wrong)


@pytest.fixture
def vote(phantom_root):
    """A vote on embeddings that a function makes of targets (N,), and the split."""
    whole = World(phantom_root, Report(quiet=True)).split(BRAIN_TUMOR, 0)
    split = replace(whole, test=whole.test[::3])
    kind = Classification(TASK, ClassificationSettings(image_size=32))

    def build(embed, **settings):
        embeddings = {}
        for name, cases in split.sides.items():
            targets = torch.tensor([c.target for c in cases])
            embeddings[name] = TensorDataset(embed(name, targets), targets)
        voters = NeighbourVote(embeddings, kind, split, NeighbourSettings(**settings), Meter(torch.device("cpu")))
        return voters.fit("knn"), kind, split

    return build


def test_only_the_training_split_votes_and_a_perfect_encoder_is_perfect(vote):
    outcome, kind, split = vote(lambda name, t: F.one_hot(3 - t if name == "validation" else t, 4).float())
    assert outcome.best_epoch is None
    assert kind.score(split.test, outcome.predictions)["accuracy"] == 1.0
    assert outcome.validation == 0.0
    assert outcome.predictions.sum(axis=1) == pytest.approx(np.ones(len(split.test)))
    assert outcome.chosen == {"neighbours": 50}, "of equal scores the largest k"


def noisy(name, targets):
    generator = torch.Generator().manual_seed(len(name))
    return F.one_hot(targets, 4) + 1.0 * torch.randn(len(targets), 4, generator=generator)


def test_validation_chooses_k_unless_it_is_set(vote):
    swept = vote(noisy)[0]
    assert [one["neighbours"] for one in swept.sweep] == list(NEIGHBOURS)
    assert swept.validation == max(one["validation"] for one in swept.sweep) > swept.sweep[0]["validation"]
    fixed = vote(noisy, neighbours=5)[0]
    assert (fixed.chosen, len(fixed.sweep), fixed.notes) == ({"neighbours": 5}, 1, ())
    assert fixed.validation == swept.sweep[1]["validation"]


def test_scale_and_a_common_direction_change_nothing(vote):
    """What hid content from the vote: units of very different scale, and one direction that all embeddings share."""
    plain, hidden = (
        vote(
            lambda name, t, k=k: (
                noisy(name, t) * torch.tensor([1.0, k, 1 / k, 1.0]) + torch.tensor([0.0, 100 * k, 0, 3])
            )
        )
        for k in (1.0, 50.0)
    )
    assert hidden[0].predictions == pytest.approx(plain[0].predictions, abs=1e-4)
