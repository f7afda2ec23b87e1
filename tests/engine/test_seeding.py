"""Random numbers belong to the item, and states of generators are restored."""

import random

import numpy as np
import pytest
import torch

from bench.engine.seeding import derive, restore_rng, rng_state, seed_all, seeded


def test_a_state_of_more_gpus_than_there_are_is_restored(monkeypatch):
    restored = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: restored.append((state, device)))
    restore_rng({**rng_state(), "cuda": ["first", "second"]})
    assert restored == [("first", 0)]


def test_parts_make_one_seed_and_their_order_counts():
    assert derive(1, 2) == derive(1, 2)
    assert len({derive(1, 2), derive(2, 1), derive(1), derive(1, 2, 3)}) == 4
    assert 0 <= derive(5) < 2**32


def draws():
    return random.random(), np.random.rand(), float(torch.rand(()))  # noqa: NPY002


def test_a_seeded_block_draws_the_same_and_disturbs_nothing():
    seed_all(3)
    undisturbed = [draws(), draws()]
    seed_all(3)
    first = draws()
    found = []
    for _ in range(2):
        with seeded(11):
            found.append(draws())
    with pytest.raises(ValueError, match="stop"), seeded(11):
        raise ValueError("stop")
    assert found[0] == found[1] != undisturbed[1]
    assert [first, draws()] == undisturbed


def test_a_state_is_put_back():
    seed_all(5)
    state = rng_state()
    expected = draws()
    seed_all(6)
    restore_rng(state)
    assert draws() == expected
