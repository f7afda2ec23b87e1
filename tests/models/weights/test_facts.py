"""What is said about a file of weights: how it would be loaded, and that it can be."""

import json

import pytest
import timm
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


def test_the_advice_for_a_file_of_a_librarys_model_shows_it(bench, tmp_path):
    torch.manual_seed(0)
    torch.save(timm.create_model("convnext_atto").state_dict(), tmp_path / "atto.pth")
    refused = bench("show", tmp_path / "atto.pth")
    assert (refused.code, "name that one, as --backbone timm:convnext_tiny" in refused.err) == (6, True)
    facts = json.loads(bench("show", tmp_path / "atto.pth", "--backbone", "timm:convnext_atto", "--json").out)
    assert (facts["backbone"], facts["matched"], facts["missing"]) == ("timm:convnext_atto", 126, [])
