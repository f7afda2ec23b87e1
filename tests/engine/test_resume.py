"""States of unfinished training: continuing from one equals never having stopped."""

import random

import numpy as np
import pytest
import torch

from bench.core.console import Report
from bench.core.errors import StorageError
from bench.engine.resume import StateFile
from bench.engine.seeding import seed_all


def draws():
    return random.random(), np.random.rand(), float(torch.rand(()))  # noqa: NPY002


def states(folder, identity="mine"):
    return StateFile(folder / "a" / "last.ckpt", identity, "adaptation", Report())


def test_values_and_generators_come_back(tmp_path):
    assert states(tmp_path).load() is None
    seed_all(7)
    states(tmp_path).save({"epoch": 3, "weights": {"w": torch.arange(3.0)}})
    expected = draws()
    seed_all(8)
    state = states(tmp_path).load()
    assert (state["epoch"], state["weights"]["w"].tolist()) == (3, [0, 1, 2])
    assert draws() == expected
    for _ in range(2):
        states(tmp_path).delete()
        assert states(tmp_path).load() is None


def test_a_state_of_something_else_is_refused_and_changes_no_generator(tmp_path):
    states(tmp_path).save({})
    torch.rand(3)
    now = torch.get_rng_state()
    with pytest.raises(StorageError, match=r"last\.ckpt belongs to another adaptation\. Delete it to start over"):
        states(tmp_path, "other").load()
    assert torch.equal(torch.get_rng_state(), now)


DAMAGE = {
    "cut": lambda b: b[:100],
    "empty": lambda b: b"",
    "a flipped bit of a tensor": lambda b: b[: len(b) // 2] + bytes([b[len(b) // 2] ^ 16]) + b[len(b) // 2 + 1 :],
    "a zeroed block": lambda b: b[:1024] + bytes(512) + b[1536:],
    "no digest, as of earlier versions": lambda b: b[47:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_from_a_damaged_state_training_starts_over_with_one_warning(tmp_path, capsys, damage):
    states(tmp_path).save({"w": torch.ones(1000)})
    path = tmp_path / "a" / "last.ckpt"
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    now = torch.get_rng_state()
    assert states(tmp_path).load() is None
    assert torch.equal(torch.get_rng_state(), now)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Warning: {path} is damaged: it")
    assert line.endswith(". The adaptation starts over.")


def test_a_state_that_cannot_be_written_is_one_warning(tmp_path, capsys):
    (tmp_path / "a").write_text("a file")
    file = states(tmp_path)
    for _ in range(2):
        file.save({"epoch": 1})
    warned = capsys.readouterr().err
    assert warned.count("Warning") == 1
    assert "last.ckpt" in warned
    assert "The adaptation goes on" in warned
