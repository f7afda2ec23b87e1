"""What a scheduler is asked for: from records where they tell, and nothing where they do not."""

import pytest

from bench.results.record import Record
from bench.runs.engines.resources import Memory, Resources, most, resources_of
from bench.runs.engines.unit import units_of


def record_of(run, *, seconds, peak, device="cpu"):
    cost = {
        "pretrain": {"seconds": 10 * seconds, "steps": 1, "batch_size": 1, "peak_memory_mib": 2 * peak},
        "adapt": {"seconds": seconds, "peak_memory_mib": peak},
    }
    return Record.model_construct(
        identity=run.identity, method=run.plan.method, task=run.plan.task.name, protocol=run.plan.protocol,
        backbone=run.plan.backbone, config=run.config.sections, hashes=run.hashes, cost=cost,
        provenance={"device": device},
    )  # fmt: skip


@pytest.fixture
def unit(grid):
    (unit,) = units_of(grid(("simclr",), ("knn", "linear")).runs)
    return unit


def test_records_tell_length_and_memory(unit):
    records = [record_of(run, seconds=5.0, peak=100) for run in unit.runs]
    wanted = {"cpus": None, "workers": None, "gpu": False}
    assert resources_of(unit, records, **wanted) == Resources(1, 0, 300, 60.0)
    assert resources_of(unit, records, there=True, **wanted).seconds == 10.0
    assert resources_of(unit, records[:1], **wanted).seconds is None, "of one run nothing is known"
    assert resources_of(unit, [], **wanted) == Resources(1, 0, None, None)


def test_memory_of_a_gpu_is_not_that_of_the_machine(unit):
    records = [record_of(unit.runs[0], seconds=1.0, peak=70_000, device="H100")]
    assert Memory(records).of(unit) == 3072


def test_cpus_are_one_and_the_loading_processes_unless_they_are_named(unit):
    for given, expected in (((None, None, True), (9, 1)), ((None, 3, True), (4, 1)), ((2, 3, False), (2, 0))):
        cpus, workers, gpu = given
        found = resources_of(unit, [], cpus=cpus, workers=workers, gpu=gpu)
        assert (found.cpus, found.gpus) == expected


def test_an_array_asks_for_what_the_largest_needs():
    every = [Resources(1, 0, 300, 60.0), Resources(4, 1, None, 10.0)]
    assert most(every) == Resources(4, 1, 300, 60.0)
    assert most([*every, Resources(1, 0, None, None)]).seconds is None
