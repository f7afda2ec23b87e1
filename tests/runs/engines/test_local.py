"""The engine `local`: failures are one run's, a pretraining fails once, and what others are at is left for later."""

import threading

import pytest

from bench.core.cache_folder import run_lock
from bench.core.errors import StorageError, TrainingError
from bench.results.store import Store
from bench.runs.engines import local as module
from bench.runs.engines.unit import units_of
from tests.locks import hold, let_go


def test_a_pretraining_that_fails_is_tried_once_and_fails_all_that_need_it(grid, monkeypatch):
    made = grid(("simclr",), ("linear", "knn"))
    calls = []

    def fail(run, *more):
        calls.append(run.plan.method)
        raise TrainingError("the loss is not finite")

    monkeypatch.setattr(module, "pretrained_backbone", fail)
    results = list(made.engine().carry_out(units_of(made.runs)))
    assert calls == ["simclr"]
    assert [(result.encoder, result.reason) for result in results] == [
        ("simclr (vit_tiny_8, seed 0)", "the loss is not finite")
    ] * 2
    assert len({result.run for result in results}) == 2


def test_results_that_cannot_be_written_end_all(grid, monkeypatch):
    made = grid(seeds=(0, 1))

    def full(self, *more):
        raise StorageError("the disk is full")

    monkeypatch.setattr(Store, "add", full)
    with pytest.raises(StorageError, match="full"):
        list(made.engine().carry_out(units_of(made.runs)))


def test_the_end_of_a_loading_process_after_a_signal_is_an_interruption(grid, monkeypatch):
    made = grid(seeds=(0, 1))

    def stopped(*more):
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("DataLoader worker (pid 7) exited unexpectedly")

    monkeypatch.setattr(module, "pretrained_backbone", stopped)
    with pytest.raises(KeyboardInterrupt):
        list(made.engine().carry_out(units_of(made.runs)))


def test_a_run_that_another_process_makes_comes_last_and_is_not_repeated(grid, capfd):
    made = grid(seeds=(0, 1))
    first, second = made.runs
    with hold(run_lock(first.identity, made.options.cache)) as other:
        results = made.engine().carry_out(units_of(made.runs))
        assert next(results).identity == second.identity
        elsewhere = made.engine()
        elsewhere.store.add(*vars(elsewhere._attempt(first)).values())  # as the other process does before it ends
        threading.Timer(1.0, let_go, [other]).start()
        done = next(results)
    assert (done.identity, done.made) == (first.identity, False)
    said = capfd.readouterr().err
    assert f"{first.plan}: waiting for process {other.pid} on" in said
    assert f"{first.plan}: stored by another command meanwhile" in said
    assert next(results, None) is None
