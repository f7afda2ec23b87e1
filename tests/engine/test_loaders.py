"""Batches in an order that seed and epoch fix, whatever the number of workers."""

import gc
import multiprocessing
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from bench.core.errors import DataError
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


def places_of(loader, n_passes, batches=None):
    """Of each pass what it yields, the processes that made it, and a number drawn after it."""
    passes = []
    for epoch in range(n_passes):
        if batches is not None:
            batches.epoch = epoch
        rows = [(x.flatten().tolist(), process.tolist()) for x, process in loader]
        passes.append(([x for x, _ in rows], {p for _, ps in rows for p in ps}, torch.rand(1).item()))
    return passes


class WithProcess(Noise):
    """As `Noise`, with the process that made an item."""

    def __getitem__(self, index):
        return super().__getitem__(index), os.getpid()


def test_processes_live_as_long_as_the_loader_and_change_nothing():
    passes = {}
    for workers in (0, 2):
        batches = EpochBatches(6, 2, seed=1, smallest=1)
        loader = build_loader(WithProcess(), batches, workers, torch.device("cpu"))
        torch.manual_seed(3)
        passes[workers] = places_of(loader, 3, batches)
    assert [(x, drawn) for x, _, drawn in passes[0]] == [(x, drawn) for x, _, drawn in passes[2]]
    assert len({str(x) for x, _, _ in passes[2]}) == 3, "every epoch has its own order and numbers"
    assert len(set.union(*(processes for _, processes, _ in passes[2]))) == 2
    assert len({process.pid for process in multiprocessing.active_children()}) >= 2
    del loader
    gc.collect()
    assert not multiprocessing.active_children()


def test_a_pass_draws_what_a_loader_of_torch_draws():
    batches = EpochBatches(6, 2, seed=1, smallest=1)
    numbers = []
    ours = build_loader(Noise(), batches, 0, torch.device("cpu"))
    theirs = DataLoader(TensorDataset(torch.zeros(6)), 2)
    for loader in (ours, theirs):
        torch.manual_seed(3)
        numbers.append([(sum(1 for _ in loader), torch.rand(1).item()) for _ in range(3)])
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("lasting", [False, True])
def test_validation_may_keep_its_processes(workers, lasting):
    data = TensorDataset(torch.arange(6.0).view(6, 1), torch.arange(6))
    torch.manual_seed(3)
    loader = evaluation_loader(data, 4, workers, torch.device("cpu"), lasting=lasting)
    found = [([y.tolist() for _, y in loader], torch.rand(1).item()) for _ in range(2)]
    torch.manual_seed(3)
    expected = [([y.tolist() for _, y in DataLoader(data, 4)], torch.rand(1).item()) for _ in range(2)]
    assert found == expected


class Broken(Noise):
    def __getitem__(self, index):
        raise DataError(f"scan{index % 1}.png: cannot be read: it is truncated.\nRestore it.")


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_in_a_loading_process_is_said_as_it_is(workers, monkeypatch):
    monkeypatch.setattr(loading, "SHARED_MEMORY", Path("/none"))  # whose free space is weighed by a first item
    loader = build_loader(Broken(), EpochBatches(6, 2, seed=1, smallest=1), workers, torch.device("cpu"))
    with pytest.raises(DataError) as caught:
        list(loader)
    assert str(caught.value) == "scan0.png: cannot be read: it is truncated.\nRestore it."
