"""A model taken up again; that it predicts as before is in tests/runs/kept/test_predict.py."""

from __future__ import annotations

import pytest
import torch

from bench.core import registry
from bench.core.errors import StorageError
from bench.evaluation.kept.predicting import rebuild
from bench.evaluation.protocols import PROTOCOLS
from bench.models.build import build_backbone


@pytest.fixture
def kind():
    task = registry.tasks().get("brain_tumor")
    cls = registry.kinds().get(task.kind)
    return cls(task, cls.settings_class())


@pytest.mark.parametrize("protocol", ["finetune", "knn"])
def test_tensors_of_another_architecture_are_an_error(kind, protocol):
    settings = PROTOCOLS[protocol].settings_class()
    other = {f"encoder.{name}": value for name, value in build_backbone("resnet18").state_dict().items()}
    with pytest.raises(StorageError, match=r"does not fit the ViTBackbone .*Missing key.*\n.*--keep-model"):
        rebuild(build_backbone("vit_tiny_8"), kind, PROTOCOLS[protocol], settings, other)


def test_a_network_gets_the_weights_of_encoder_and_head(kind):
    settings, protocol = PROTOCOLS["finetune"].settings_class(), PROTOCOLS["finetune"]
    first = build_backbone("vit_tiny_8")
    head = kind.build_head(first)
    states = {"encoder": first.state_dict(), "head": head.state_dict()}
    tensors = {f"{part}.{name}": value for part, state in states.items() for name, value in state.items()}
    found = rebuild(build_backbone("vit_tiny_8"), kind, protocol, settings, tensors)
    assert found.head is not None
    assert torch.equal(next(found.encoder.parameters()), next(first.parameters()))
    assert torch.equal(next(found.head.parameters()), next(head.parameters()))
