"""A kind is taken through a few cases; each mistake names the class and the fix."""

import numpy as np
import pytest
import torch
from torch import nn

from bench.core import registry
from bench.core.errors import PluginError
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantom
from bench.runs.checking.kinds import check_kind, check_on_data
from tasks.kinds.classification import Classification
from tests.plugins_of import task_of


@pytest.fixture
def own(tmp_path):
    task = task_of(tmp_path)
    return task, read_data(task.data, ensure_phantom(task.data, tmp_path))


def kind(**changes):
    return type("Own", (Classification,), {"version": 1, "metrics_version": 1, **changes})


def test_the_shipped_kind_on_an_own_task(own):
    check_on_data(Classification, *own)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["classification", "detection", "segmentation_2d", "segmentation_3d"])
def test_the_kinds_of_this_project(name):
    assert check_kind(registry.kinds().get(name)).name == name


def prepare_another(self, case):
    return {"image": np.random.default_rng().integers(0, 255, (48, 48, 3)).astype(np.uint8)}


def prepare_by_id(self, case):
    return {"image" if case.id.endswith("0") else "picture": np.zeros((48, 48, 3), np.uint8)}


class Bytes(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.zeros(3, 48, 48, dtype=torch.uint8), 0


MISTAKES = {
    "prepare gives no dict": ({"prepare": lambda self, case: np.zeros(3)}, "prepare gave a ndarray, expected a dict"),
    "prepare gives lists": ({"prepare": lambda self, case: {"image": [1]}}, "expected a dict of NumPy arrays"),
    "prepare fails": ({"prepare": lambda self, case: 1 / 0}, r"prepare\('000'\) raised ZeroDivisionError"),
    "prepare is random": ({"prepare": prepare_another}, "prepare gives other arrays for the same case"),
    "parts differ": ({"prepare": prepare_by_id}, "Give the same parts for every case"),
    "no head": ({"build_head": lambda self, backbone: None}, "build_head gave a NoneType, no torch.nn.Module"),
    "images of bytes": (
        {"dataset": lambda self, cases, train: Bytes()},
        r"dataset gives images of \(3, 48, 48\), expected a float tensor",
    ),
    "a loss for each image": ({"loss": lambda self, output, target: output.sum(1)}, "loss gave no scalar tensor"),
    "a detached loss": ({"loss": lambda self, output, target: output.sum().detach()}, "loss is detached"),
    "a loss of NaN": ({"loss": lambda self, output, target: output.sum() * float("nan")}, "loss gave nan"),
    "a width of its own": ({"build_head": lambda self, backbone: nn.Identity()}, "raised|gave no scalar"),
    "too few predictions": ({"predict": lambda self, output: np.zeros((1, 2))}, "collect gave 1 entries for 4 cases"),
    "no such metric": ({"score": lambda self, cases, p: {"f2": 1.0}}, "score gave f2, and not accuracy, the metric of"),
    "a metric of NaN": ({"score": lambda self, cases, p: {"accuracy": float("nan")}}, "Give a finite float, or None"),
    "a short column": ({"case_columns": lambda self, cases, p: {"target": [1]}}, r"case_columns gave \['target'\]"),
}


@pytest.mark.parametrize(("changes", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_error_with_class_and_fix(own, changes, message):
    with pytest.raises(PluginError, match=message) as caught:
        check_on_data(kind(**changes), *own)
    assert "Own" in str(caught.value)


def test_a_kind_without_a_task_to_check_it_on():
    with pytest.raises(PluginError, match="no known task of the kind 'lonely' has a phantom to check it on"):
        check_kind(kind(name="lonely", __module__="here"))
