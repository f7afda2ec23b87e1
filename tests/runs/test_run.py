"""A plan carried out: what is stored is not repeated, and finished runs survive what happens later."""

import pytest

from bench.core.console import Report
from bench.core.errors import StorageError, TrainingError
from bench.engine.compute import Compute
from bench.results.store import Store
from bench.runs import run as module
from bench.runs.plan import make_plan
from bench.runs.resolve import Options
from bench.runs.run import run_plan
from bench.runs.world import World

SETTINGS = {"task": {"image_size": 32}}


@pytest.fixture
def carry_out(phantom_root, tmp_path):
    def call(seeds, results=tmp_path / "results"):
        plans, _ = make_plan(("random",), ("brain_tumor",), ("knn",), ("vit_tiny_8",), seeds, "quick", SETTINGS)
        options = Options("quick", "pool", results, tmp_path / "cache", Compute("cpu", 0))
        return run_plan(plans, options, World(phantom_root, Report(quiet=True)), Report(quiet=True))

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


def test_a_run_that_fails_leaves_those_before_it(carry_out, tmp_path, monkeypatch):
    whole = module.evaluate

    def fail(job, *arguments):
        if job.seed == 1:
            raise TrainingError("the loss is not finite")
        return whole(job, *arguments)

    monkeypatch.setattr(module, "evaluate", fail)
    with pytest.raises(TrainingError):
        carry_out((0, 1, 2))
    assert [r.seed for r in Store(tmp_path / "results").load()[0]] == [0]


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
