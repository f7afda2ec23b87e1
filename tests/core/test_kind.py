"""The base of task kinds: what it does where a kind says nothing."""

import numpy as np
import pytest
import torch
from torch import nn

from bench.core.kind import Features, TaskKind, as_entries
from bench.core.settings import Settings
from bench.core.task import Case
from tasks.brain_tumor import TASK


class Bare(TaskKind):
    name = "bare"
    settings_class = Settings
    metrics = ("sum",)

    def prepare(self, case):
        return {}

    def build_head(self, backbone):
        return nn.Identity()

    def dataset(self, cases, *, train):
        raise NotImplementedError

    def loss(self, output, target):
        return (output - target).abs().sum()

    def predict(self, output):
        return output.numpy()

    def score(self, cases, predictions):
        return {"sum": float(predictions.sum())}


@pytest.fixture
def kind():
    return Bare(TASK, Settings())


def test_predictions_of_batches_are_joined_in_their_order(kind, tmp_path):
    batches = [(torch.ones(2, 3), torch.zeros(2)), (torch.full((1, 3), 5.0), torch.zeros(1))]
    found = kind.collect([], iter(batches), test=True)
    assert found.tolist() == [[1] * 3, [1] * 3, [5] * 3]


def test_a_training_step_is_the_loss_of_what_the_model_gives(kind):
    model = nn.Linear(2, 1)
    images, target = torch.randn(4, 2), torch.randn(4, 1)
    assert kind.training_loss(model, images, target) == kind.loss(model(images), target)


def test_a_case_keeps_its_target_and_its_rounded_prediction(kind, tmp_path):
    cases = [Case("a", tmp_path, 2, "test"), Case("b", tmp_path, 0, "test")]
    columns = kind.case_columns(cases, np.array([[0.123456789], [0.5]]))
    assert columns == {"target": [2, 0], "prediction": [[0.12346], [0.5]]}


def test_what_a_kind_need_not_say(kind):
    backbone = nn.Linear(2, 2)
    assert kind.adapt_backbone(backbone, frozen=True) is backbone
    assert kind.provenance() == {}
    assert kind.sample_predictions([]) is None
    assert not kind.pooled_only
    assert not kind.memory_mapped
    assert kind.prepared_by is None


def test_without_a_harness_cases_are_prepared_each_time(kind, tmp_path):
    assert kind.kept(Case("abc", tmp_path, 0, None)) == {}


def test_entries_of_any_form_are_one_a_case():
    assert as_entries([{"a": 1}, {"a": 2}, {}]).tolist() == [{"a": 1}, {"a": 2}, {}]
    assert as_entries([[1, 2], [3, 4]]).shape == (2,)
    assert as_entries([]).shape == (0,)


def test_features_need_no_stem():
    features = Features([torch.zeros(1, 2, 3, 3)], torch.zeros(1, 2))
    assert features.stem is None
    assert features._replace(pooled=torch.ones(1, 2)).maps is features.maps
