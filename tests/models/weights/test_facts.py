"""What is said about a file of weights: how it would be loaded, and that it can be."""

import pytest
import torch
import torchvision

from bench.core.errors import StorageError, UsageError
from bench.models.weights.facts import file_facts


def test_facts_of_a_file(tmp_path):
    torch.manual_seed(1)
    state = torchvision.models.resnet18(weights=None).state_dict()
    torch.save({"state_dict": {f"module.encoder_q.{k}": v for k, v in state.items()}}, tmp_path / "moco_r18.pth.tar")
    facts = file_facts(tmp_path / "moco_r18.pth.tar")
    assert facts["default_name"] == "moco_r18"
    assert (facts["backbone"], facts["format"], facts["matched"]) == ("resnet18", "moco", 120)
    assert facts["probe"]["relative_distance"] > 0.1
    assert facts == file_facts(tmp_path / "moco_r18.pth.tar"), "the encoder before loading is drawn from a fixed seed"


def test_a_file_that_cannot_be_used_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        file_facts(tmp_path / "none.pth")
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pth")
    with pytest.raises(StorageError, match="no encoder was found"):
        file_facts(tmp_path / "other.pth")
