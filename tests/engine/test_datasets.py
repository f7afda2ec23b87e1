"""Data sets are filled before the first epoch: forked workers find what is kept, and nobody prepares it again."""

import os
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from bench.core.console import Report
from bench.core.errors import DataError
from bench.data.cache import LIMIT_VARIABLE, DiskCache
from bench.engine import kept
from bench.engine.datasets import SAMPLED, KeptDataset, fill
from bench.engine.kept import KeptCases, Memory
from bench.engine.loaders import evaluation_loader

QUIET = Report(quiet=True)
NUMBERS = list(range(6))


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch):
    monkeypatch.setattr(kept, "MEMORY", Memory())


class Squares(KeptDataset):
    """Numbers (1,) with their squares, which are prepared."""

    def __getitem__(self, index):
        return torch.tensor([self.cases[index]]), int(self.kept(self.cases[index])["square"][0])


def squares(prepared):
    """The square, and the process that made it, which a file notes because workers share no list."""

    def prepare(number):
        with prepared.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return {"square": np.array([number**2])}

    return prepare


@pytest.mark.parametrize("memory_mapped", [False, True])
def test_workers_share_what_was_filled_before(tmp_path, memory_mapped):
    prepared = tmp_path / "prepared"
    data = Squares(KeptCases(squares(prepared), str, "", memory_mapped=memory_mapped), NUMBERS)
    fill(data, "numbers", QUIET)
    for _ in range(2):
        found = [int(y) for _, target in evaluation_loader(data, 2, 2, torch.device("cpu")) for y in target]
        assert found == [n**2 for n in NUMBERS]
    assert prepared.read_text().split() == [str(os.getpid())] * len(NUMBERS)


def test_without_a_keeper_nothing_is_prepared_before_its_use(tmp_path):
    data = Squares(squares(tmp_path / "prepared"), NUMBERS)
    fill(data, "numbers", QUIET)
    assert not (tmp_path / "prepared").exists()
    assert data[3][1] == 9


class Counting(Report):
    """Notes what is shown."""

    @contextmanager
    def stage(self, name, total, done=0):
        self.shown = [name, total, 0]

        def advance(note):
            self.shown[2] += 1

        yield advance


def test_progress_counts_every_case(tmp_path):
    report = Counting(quiet=True)
    fill(Squares(KeptCases(squares(tmp_path / "prepared"), str, ""), NUMBERS), "numbers", report)
    assert report.shown == ["decode numbers", 6, 6]


def test_what_is_filled_is_checked_and_other_data_sets_are_left_alone(tmp_path):
    class Useless(Squares):
        def check(self):
            raise DataError("nothing to learn")

    with pytest.raises(DataError, match="nothing to learn"):
        fill(Useless(squares(tmp_path / "prepared"), NUMBERS), "numbers", QUIET)
    fill(TensorDataset(torch.zeros(3)), "numbers", QUIET)


def read_by_workers(data):
    return [int(y) for _, target in evaluation_loader(data, 2, 2, torch.device("cpu")) for y in target]


def numbers(prepared, folder, bound, monkeypatch, count=40):
    """Numbers of one value each, whose squares take `bound` times what the folder may hold."""
    monkeypatch.setenv(LIMIT_VARIABLE, str(count * 8 / bound / 2**30))
    return Squares(KeptCases(squares(prepared), str, "", DiskCache(folder)), list(range(count)))


def test_what_is_larger_than_the_bound_is_prepared_by_the_loading_processes(tmp_path, monkeypatch, capfd):
    data = numbers(tmp_path / "prepared", tmp_path / "cache", 2, monkeypatch)
    fill(data, "corpus", Report())
    said = capfd.readouterr().err
    assert said.count("more than the") == 1
    assert "decoded while training, in every epoch" in said
    assert len((tmp_path / "prepared").read_text().split()) == SAMPLED, "no pass over everything"
    stored = sum(1 for _ in (tmp_path / "cache").rglob("*.npy"))
    for passes in (1, 2):
        assert read_by_workers(data) == [n**2 for n in data.cases]
        makers = (tmp_path / "prepared").read_text().split()[SAMPLED:]
        assert makers.count(str(os.getpid())) == 2 * passes, "the loader looks at the form and the size of the first"
        assert len(makers) == passes * (len(data.cases) + 2)
    assert sum(1 for _ in (tmp_path / "cache").rglob("*.npy")) == stored
    assert len(kept.MEMORY.arrays) <= SAMPLED + 1


class Named(Squares):
    fingerprint = "numbers"


def test_what_only_the_disk_holds_is_looked_at_once_by_all_commands(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(kept, "LIMIT_BYTES", 100)
    shown = []
    for cls in (Named, Named, Squares):
        monkeypatch.setattr(kept, "MEMORY", Memory())
        data = numbers(tmp_path / "prepared", tmp_path / "cache", 0.1, monkeypatch)
        data = cls(data.kept, data.cases)
        report = Counting(quiet=True)
        report.shown = None
        fill(data, "corpus", report)
        shown.append(report.shown)
        assert read_by_workers(data) == [n**2 for n in data.cases]
        assert kept.MEMORY.used_bytes <= 100 + 8
    assert shown == [["decode corpus", 40, 40], None, ["decode corpus", 40, 40]]
    assert (tmp_path / "prepared").read_text().split() == [str(os.getpid())] * 40
    assert not capfd.readouterr().err


def test_copies_of_a_case_count_once(tmp_path, monkeypatch):
    data = numbers(tmp_path / "prepared", tmp_path / "cache", 2, monkeypatch)
    again = Squares(data.kept, data.cases, n_different=15)
    fill(again, "corpus", QUIET)
    assert data.kept.room == kept.Room.MEMORY
