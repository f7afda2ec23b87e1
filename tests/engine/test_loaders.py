"""Batches in an order that seed and epoch fix, whatever the number of workers."""

from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import Dataset, TensorDataset

from bench.engine import loaders as loading
from bench.engine.loaders import EpochBatches, build_loader, evaluation_loader, pick_workers


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


class Noise(Dataset):
    """Items whose values are drawn anew each time they are asked for."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return torch.rand(2) + index


@pytest.mark.parametrize("workers", [0, 2])
def test_what_a_loader_yields_does_not_depend_on_workers(workers):
    batches = EpochBatches(6, 4, seed=1, smallest=1)
    batches.epoch = 2
    found = list(build_loader(Noise(), batches, workers, torch.device("cpu")))
    again = list(build_loader(Noise(), batches, 0, torch.device("cpu")))
    assert [len(batch) for batch in found] == [4, 2]
    assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))


def test_workers_are_those_asked_for_else_none_on_a_cpu():
    assert pick_workers(3, torch.device("cpu")) == 3
    assert pick_workers(None, torch.device("cpu")) == 0
    assert 0 <= pick_workers(None, torch.device("cuda")) <= 8


def test_a_full_shared_memory_is_done_without(tmp_path, monkeypatch, capsys):
    dataset = TensorDataset(torch.zeros(10, 3, 64, 64), torch.zeros(10))
    cpu = torch.device("cpu")
    monkeypatch.setattr(loading, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(loading.shutil, "disk_usage", lambda path: SimpleNamespace(free=64 * 2**20))
    assert loading.affordable_workers(2, dataset, 8) == 2
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(loading.shutil, "disk_usage", lambda path: SimpleNamespace(free=64 * 2**10))
    batches = EpochBatches(10, 8, seed=0, smallest=8)
    assert build_loader(dataset, batches, 2, cpu).num_workers == 0
    assert evaluation_loader(dataset, 8, 2, cpu).num_workers == 0
    err = capsys.readouterr().err
    assert "2 loading processes need 2" in err
    assert "--shm-size" in err
    assert "--workers 0" in err


def test_measuring_a_batch_draws_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "SHARED_MEMORY", tmp_path)
    before = torch.get_rng_state()
    loading.affordable_workers(2, Noise(), 8)
    assert torch.equal(torch.get_rng_state(), before)
