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
from bench.evaluation.settings import NeighbourSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR, TASK
from tasks.kinds.classification import Classification, ClassificationSettings


def unit(*degrees):
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_vote_by_hand():
    """Two near neighbours of class 0, one nearer of class 2; the fourth is not among the three nearest."""
    bank = unit(60, 60, 20, 180) * np.array([[1.0], [7.0], [0.1], [3.0]])  # length does not matter
    shares = vote_shares(bank, np.array([0, 0, 2, 1]), unit(0), 3, NeighbourSettings(neighbours=3, temperature=0.5))
    near, far = np.exp(np.cos(np.deg2rad(20)) / 0.5), 2 * np.exp(0.5 / 0.5)
    assert shares == pytest.approx(np.array([[far, 0.0, near]]) / (near + far))


def test_shares_agree_with_lightlys_vote():
    generator = torch.Generator().manual_seed(0)
    bank, queries = torch.randn(200, 16, generator=generator), torch.randn(50, 16, generator=generator)
    classes = torch.randint(0, 4, (200,), generator=generator)
    ours = vote_shares(bank.numpy(), classes.numpy(), queries.numpy(), 4, NeighbourSettings())
    theirs = knn_predict(F.normalize(queries), F.normalize(bank).T, classes, 4, knn_k=20, knn_t=0.07)
    assert (ours.argsort(axis=1)[:, ::-1][:, 0] == theirs[:, 0].numpy()).all()
    assert ours.sum(axis=1) == pytest.approx(np.ones(50))


def test_more_neighbours_than_training_images_are_all_of_them():
    bank, classes = unit(0, 90, 170), np.array([0, 1, 1])
    few, many = (vote_shares(bank, classes, unit(10), 2, NeighbourSettings(neighbours=k)) for k in (3, 1000))
    assert (few == many).all()


def test_a_tiny_temperature_is_the_nearest_neighbour():
    shares = vote_shares(unit(0, 5, 6), np.array([1, 0, 0]), unit(1), 2, NeighbourSettings(temperature=1e-6))
    assert shares == pytest.approx(np.array([[0.0, 1.0]]))


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"temperature": 0}, {"epochs": 3}])
def test_settings_are_checked(wrong):
    with pytest.raises(ValidationError):
        NeighbourSettings(**wrong)


def test_only_the_training_split_votes_and_a_perfect_encoder_is_perfect(phantom_root):
    whole = World(phantom_root, Report(quiet=True)).split(BRAIN_TUMOR, 0)
    split = replace(whole, test=whole.test[::3])
    kind = Classification(TASK, ClassificationSettings(image_size=32))

    def embed(cases, wrong=False):
        targets = torch.tensor([c.target for c in cases])
        return TensorDataset(F.one_hot(3 - targets if wrong else targets, 4).float(), targets)

    embeddings = {"train": embed(split.train), "test": embed(split.test), "validation": embed(split.validation, True)}
    vote = NeighbourVote(embeddings, kind, split, NeighbourSettings(), Meter(torch.device("cpu")))
    outcome = vote.fit()
    assert outcome.best_epoch is None
    assert kind.score(split.test, outcome.predictions)["accuracy"] == 1.0
    assert outcome.validation == 0.0
    assert outcome.predictions.sum(axis=1) == pytest.approx(np.ones(len(split.test)))
