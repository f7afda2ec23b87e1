"""A part of a grid: shards make up the whole of it, whatever is stored, and keep the runs of an encoder together."""

import pytest

from bench.core.console import Report
from bench.core.errors import UsageError
from bench.runs.engines.parts import runs_of
from bench.runs.engines.shards import Part, Shard
from bench.runs.engines.unit import units_of

REPORT = Report(quiet=True)


@pytest.fixture
def runs(grid):
    return grid(("random", "simclr"), ("knn", "linear"), (0, 1, 2)).runs


def test_shards_make_up_the_grid_and_divide_no_unit(runs):
    parts = [runs_of(Part(Shard(number, 4)), runs, [], REPORT) for number in (1, 2, 3, 4)]
    assert sorted(run.identity for part in parts for run in part) == sorted(run.identity for run in runs)
    keys = [{run.hashes["checkpoint"] for run in part} for part in parts]
    assert sum(map(len, keys)) == len(units_of(runs)) == 6
    assert [len(part) for part in parts] == [4, 4, 2, 2]


def record_of(run, seconds, identity):
    """What costs are read from, of a record of the same work."""
    from bench.results.record import Record

    cost = {"adapt": {"seconds": seconds}}
    return Record.model_construct(
        identity=identity, method=run.plan.method, task=run.plan.task.name, protocol=run.plan.protocol,
        backbone=run.plan.backbone, config=run.config.sections, hashes=run.hashes, cost=cost, provenance={},
    )  # fmt: skip


def test_records_of_the_grid_itself_do_not_move_a_cut(runs):
    one = Part(Shard(1, 2))
    before = runs_of(one, runs, [], REPORT)
    own = [record_of(run, 10.0**number, run.identity) for number, run in enumerate(runs)]
    assert runs_of(one, runs, own, REPORT) == before
    others = [replace_identity(record) for record in own]
    assert runs_of(one, runs, others, REPORT) == runs_of(one, runs, [*others, *own], REPORT)


def replace_identity(record):
    return record.model_copy(update={"identity": f"other {record.identity}"})


def test_a_unit_is_the_runs_of_one_encoder(runs):
    unit = units_of(runs)[1]
    assert tuple(runs_of(Part(unit=unit.key[:16]), runs, [], REPORT)) == unit.runs
    with pytest.raises(UsageError, match="no units of this grid"):
        runs_of(Part(unit="f" * 16), runs, [], REPORT)
