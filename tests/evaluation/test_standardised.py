"""Standardised embeddings: by the training split, whatever the units."""

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from bench.evaluation.standardised import standardise, targets


def sides(scale):
    generator = torch.Generator().manual_seed(0)
    made = {}
    for name, n in (("train", 50), ("test", 9)):
        embeddings = torch.rand(n, 4, generator=generator) * scale + 7
        embeddings[:, 3] = 2.0
        made[name] = TensorDataset(embeddings, torch.arange(n) % 3)
    return made


def test_training_embeddings_have_mean_0_and_variance_1_and_a_constant_unit_stays_finite():
    found = standardise(sides(torch.tensor([1.0, 1e-3, 1e3, 1.0])))
    assert found["train"].mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-6)
    assert found["train"].std(axis=0) == pytest.approx([1, 1, 1, 0], abs=1e-6)
    assert np.abs(found["test"]).max() < 10
    assert found["test"].dtype == np.float64


def test_other_units_of_measurement_give_the_same():
    one, other = standardise(sides(torch.ones(4))), standardise(sides(torch.tensor([1.0, 20.0, 0.5, 1.0])))
    assert other["test"] == pytest.approx(one["test"], abs=1e-4)


def test_targets_are_class_indices():
    assert targets(sides(torch.ones(4)), "test").tolist() == [0, 1, 2] * 3
