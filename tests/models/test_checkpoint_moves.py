"""Checkpoints under a new identity: the same encoder, found under its new name only."""

import pytest
import torch
from torch import nn

from bench.models.checkpoint_moves import move_checkpoint
from bench.models.checkpoints import find_encoder, load_encoder, read_provenance, save_encoder

OLD, NEW = "a" * 64, "b" * 64


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def folder_of(cache, identity):
    return cache / "checkpoints" / "simclr" / identity[:16]


@pytest.fixture
def cache(tmp_path, encoder):
    save_encoder(folder_of(tmp_path, OLD) / "encoder.safetensors", encoder, {"identity": OLD, "method": "simclr"})
    (folder_of(tmp_path, OLD) / "log.csv").write_text("step\n0\n")
    return tmp_path


def test_the_encoder_is_the_same_under_its_new_identity(cache, encoder):
    assert move_checkpoint(cache, "simclr", OLD, NEW)
    assert not folder_of(cache, OLD).exists()
    path = find_encoder(folder_of(cache, NEW), NEW)
    assert read_provenance(path) == {"identity": NEW, "method": "simclr", "schema_1_identity": OLD}
    loaded = nn.Linear(3, 2)
    load_encoder(path, loaded)
    assert torch.equal(loaded.weight, encoder.weight)
    assert (folder_of(cache, NEW) / "log.csv").exists()


def test_a_dry_run_says_what_would_be_moved_and_moves_nothing(cache):
    assert move_checkpoint(cache, "simclr", OLD, NEW, dry_run=True)
    assert find_encoder(folder_of(cache, OLD), OLD)
    assert not folder_of(cache, NEW).exists()


def test_what_is_not_there_is_taken_or_is_another_is_left_alone(cache):
    assert not move_checkpoint(cache, "byol", OLD, NEW)
    assert not move_checkpoint(cache, "simclr", "c" * 64, NEW)
    assert not move_checkpoint(cache, "simclr", OLD[:16] + "d" * 48, NEW), "another identity in that folder"
    folder_of(cache, NEW).mkdir()
    assert not move_checkpoint(cache, "simclr", OLD, NEW)
    assert find_encoder(folder_of(cache, OLD), OLD)


def test_an_interrupted_move_is_finished_by_the_next(cache, encoder):
    """The file has its new name already, the folder not yet."""
    save_encoder(folder_of(cache, OLD) / "encoder.safetensors", encoder, {"identity": NEW})
    assert move_checkpoint(cache, "simclr", OLD, NEW)
    assert find_encoder(folder_of(cache, NEW), NEW)
