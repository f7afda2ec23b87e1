"""Random numbers belong to the item, and states of generators are restored."""

import torch

from bench.engine.seeding import restore_rng, rng_state


def test_a_state_of_more_gpus_than_there_are_is_restored(monkeypatch):
    restored = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: restored.append((state, device)))
    restore_rng({**rng_state(), "cuda": ["first", "second"]})
    assert restored == [("first", 0)]
