"""States of unfinished training: continuing from one equals never having stopped."""

import random

import numpy as np
import pytest
import torch

from bench.core.errors import StorageError
from bench.engine.resume import load_state, save_state
from bench.engine.seeding import seed_all


def draws():
    return random.random(), np.random.rand(), float(torch.rand(()))  # noqa: NPY002


def test_values_and_generators_come_back(tmp_path):
    seed_all(7)
    save_state(tmp_path / "last.ckpt", "id", {"epoch": 3, "weights": {"w": torch.arange(3.0)}})
    expected = draws()
    seed_all(8)
    state = load_state(tmp_path / "last.ckpt", "id", "pretraining")
    assert (state["epoch"], state["weights"]["w"].tolist()) == (3, [0, 1, 2])
    assert draws() == expected


def test_a_state_of_something_else_is_refused_and_changes_no_generator(tmp_path):
    path = tmp_path / "last.ckpt"
    save_state(path, "mine", {})
    before = torch.get_rng_state()
    torch.rand(3)
    now = torch.get_rng_state()
    with pytest.raises(StorageError, match=r"last\.ckpt belongs to another adaptation\. Delete it to start over"):
        load_state(path, "other", "adaptation")
    assert torch.equal(torch.get_rng_state(), now)
    assert not torch.equal(before, now)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StorageError, match="not a readable adaptation state"):
        load_state(path, "mine", "adaptation")
