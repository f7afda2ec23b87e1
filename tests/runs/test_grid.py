"""A plan carried out: what is stored is not repeated, and finished runs survive what happens later."""

import pytest

from bench.core.console import Report
from bench.core.errors import StorageError, TrainingError
from bench.engine.compute import Compute
from bench.results.store import Store
from bench.runs import grid as module
from bench.runs import run as run_module
from bench.runs.grid import run_plan
from bench.runs.plan import make_plan
from bench.runs.resolve import Options
from bench.runs.world import World

SETTINGS = {"task": {"image_size": 32}}


@pytest.fixture
def carry_out(phantom_root, tmp_path):
    def call(seeds, results=tmp_path / "results", **how):
        plans, _ = make_plan(("random",), ("brain_tumor",), ("knn",), ("vit_tiny_8",), seeds, "quick", SETTINGS)
        options = Options("quick", "pool", results, tmp_path / "cache", Compute("cpu", 0))
        return run_plan(plans, options, World(phantom_root, Report(quiet=True)), Report(quiet=True), **how)

    return call


def test_records_are_in_the_order_of_the_plan_and_only_missing_ones_are_made(carry_out, tmp_path):
    first = carry_out((1,))
    assert (first.made, [r.seed for r in first.records]) == (1, [1])
    both = carry_out((0, 1))
    assert (both.made, [r.seed for r in both.records]) == (1, [0, 1])
    assert both.records[1].identity == first.records[0].identity
    stored, problems = Store(tmp_path / "results").load()
    assert problems == []
    assert {r.identity for r in stored} == {r.identity for r in both.records}
    assert carry_out((1, 0)).made == 0


@pytest.fixture
def failing(monkeypatch):
    """Makes the evaluation of seed 1 fail with an error."""
    whole = run_module.evaluate

    def make(error):
        def fail(job, *arguments):
            if job.seed == 1:
                raise error
            return whole(job, *arguments)

        monkeypatch.setattr(run_module, "evaluate", fail)

    return make


def test_a_run_that_fails_is_reported_and_the_others_go_on(carry_out, tmp_path, failing):
    failing(TrainingError("the loss is not finite"))
    outcome = carry_out((0, 1, 2))
    assert [r.seed for r in outcome.records] == [0, 2]
    (failure,) = outcome.failures
    assert (outcome.made, failure.reason, failure.trace) == (2, "the loss is not finite", "")
    assert failure.what == "random on brain_tumor (knn, vit_tiny_8, seed 1)"
    assert [r.seed for r in Store(tmp_path / "results").load()[0]] == [0, 2]


def test_with_fail_fast_the_first_that_fails_ends_all_and_leaves_those_before_it(carry_out, tmp_path, failing):
    failing(TrainingError("the loss is not finite"))
    with pytest.raises(TrainingError, match="not finite"):
        carry_out((0, 1, 2), fail_fast=True)
    assert [r.seed for r in Store(tmp_path / "results").load()[0]] == [0]


def test_an_interruption_is_no_failure(carry_out, failing):
    failing(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        carry_out((0, 1, 2))


def test_a_place_that_cannot_be_written_is_an_error_before_any_work(carry_out, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(module, "resolve_all", lambda *a: pytest.fail("began"))
    with pytest.raises(StorageError, match="is a file"):
        carry_out((0,), results=tmp_path / "file")


def test_a_file_where_a_folder_of_the_cache_belongs_is_an_error_before_any_work(carry_out, tmp_path, monkeypatch):
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "cache" / "checkpoints").touch()
    monkeypatch.setattr(module, "resolve_all", lambda *a: pytest.fail("began"))
    with pytest.raises(StorageError, match="checkpoints is a file"):
        carry_out((0,))
