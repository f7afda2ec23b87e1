"""Batches in an order that seed and epoch fix, whatever the number of workers."""

import torch
from torch.utils.data import TensorDataset

from bench.engine import loaders as loading
from bench.engine.loaders import EpochBatches, evaluation_loader


def test_every_epoch_sees_every_image_once_in_its_own_order():
    batches = EpochBatches(10, 3, seed=5, smallest=1)
    orders = []
    for epoch in (0, 1, 0):
        batches.epoch = epoch
        orders.append([draw for batch in batches for draw in batch])
    assert sorted(i for i, _ in orders[0]) == list(range(10))
    assert orders[0] == orders[2] != orders[1]
    assert len({seed for order in orders[:2] for _, seed in order}) == 20


def test_last_batch_below_the_smallest_is_dropped():
    sizes = [len(b) for b in EpochBatches(10, 4, seed=0, smallest=4)]
    assert sizes == [4, 4]
    assert len(EpochBatches(9, 4, seed=0, smallest=2)) == 2
    assert [len(b) for b in EpochBatches(10, 4, seed=0, smallest=2)] == [4, 4, 2]


def test_large_images_are_evaluated_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(loading, "MOST_PIXELS", 3 * 16 * 16)
    sizes = {side: TensorDataset(torch.zeros(10, 3, side, side), torch.zeros(10)) for side in (8, 16, 64)}
    batches = {s: [len(x) for x, _ in evaluation_loader(d, 8, 0, torch.device("cpu"))] for s, d in sizes.items()}
    assert batches == {8: [8, 2], 16: [3, 3, 3, 1], 64: [1] * 10}
    embedded = TensorDataset(torch.zeros(10, 512), torch.zeros(10))
    assert len(evaluation_loader(embedded, 8, 0, torch.device("cpu"))) == 2
