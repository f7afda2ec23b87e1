"""Canaries of plugins change when what the plugin does changes, and only then."""

import pytest

from bench.core.registry import methods, tasks
from bench.dev import canaries
from bench.dev.lock import compare


def test_a_method_that_trains_otherwise_has_other_losses(tmp_path):
    simclr = methods().get("simclr")
    same, other = (
        type("Mine", (simclr,), {"quick": {**simclr.quick, "temperature": temperature}}) for temperature in (0.1, 0.3)
    )
    locked = canaries.method(simclr, tmp_path)
    assert list(compare(locked, canaries.method(same, tmp_path))) == []
    assert any("loss" in line for line in compare(locked, canaries.method(other, tmp_path)))


def test_metrics_that_are_computed_otherwise_are_noticed(tmp_path, monkeypatch):
    task = tasks().get("brain_tumor")
    locked = canaries.metrics(task, tmp_path)
    monkeypatch.setattr("tasks.kinds.classification.score_classes", lambda target, p: {"accuracy": 0.123})
    assert list(compare(locked, canaries.metrics(task, tmp_path)))


def test_a_kind_without_sample_predictions_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.kinds.classification.Classification.sample_predictions", lambda self, cases: None)
    with pytest.raises(TypeError, match="gives nothing to score"):
        canaries.metrics(tasks().get("brain_tumor"), tmp_path)


def test_a_backbone_of_other_weights_is_noticed(tmp_path, monkeypatch):
    locked = canaries.backbone("resnet18", tmp_path)
    assert list(compare(locked, canaries.backbone("resnet18", tmp_path))) == []
    monkeypatch.setattr("bench.dev.canaries.seed_all", lambda seed: __import__("torch").manual_seed(5))
    assert list(compare(locked, canaries.backbone("resnet18", tmp_path)))
