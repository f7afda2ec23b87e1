"""Encoders in and out of a session."""

import pytest
import torch
from torch import nn

from bench.core.console import Report
from bench.core.errors import UsageError
from bench.engine.seeding import seed_all
from bench.models.build import build_backbone
from bench.models.checkpoints import save_encoder
from bench.runs.encoders import add_for_task, encoder_of_file, pretrained_encoder
from bench.runs.request import RunRequest

QUIET = Report(quiet=True)


def test_the_encoder_of_a_method_without_pretraining_is_drawn_from_the_seed(phantom_root, tmp_path):
    request = RunRequest(
        methods=("random",), tasks=("brain_tumor",), backbones=("vit_tiny_8",), seeds=(3,), data_root=phantom_root,
        results=tmp_path / "r", cache=tmp_path / "c", device="cpu",
    )  # fmt: skip
    encoder = pretrained_encoder(request, QUIET)
    seed_all(3)
    expected = build_backbone("vit_tiny_8").state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in encoder.state_dict().items())
    assert not encoder.training


def test_one_encoder_is_one_cell_of_a_grid(tmp_path):
    request = RunRequest(methods=("random",), tasks=("brain_tumor",), seeds=(0, 1), results=tmp_path)
    with pytest.raises(UsageError, match="make one encoder; these are 2"):
        pretrained_encoder(request, QUIET)


def test_a_file_gives_its_encoder(tmp_path):
    torch.manual_seed(1)
    encoder = build_backbone("vit_tiny_8").eval()
    save_encoder(tmp_path / "e.safetensors", encoder, {"backbone": "vit_tiny_8"})
    loaded = encoder_of_file(tmp_path / "e.safetensors", None)
    images = torch.randn(1, 3, 48, 48)
    with torch.inference_mode():
        assert torch.equal(loaded(images).pooled, encoder(images).pooled)


def test_a_task_that_reads_maps_takes_no_embedding():
    with pytest.raises(UsageError, match=r"'drive' .* reads feature maps, and Linear gives an embedding alone"):
        add_for_task(nn.Linear(2, 2), "drive", None, None, "quick", {})
