"""What a stage costs: images and memory are counted, and those of an interrupted part too."""

import pytest
import torch

from bench.engine import meter as module
from bench.engine.meter import Meter, Pace


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [100.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    return now


def test_images_per_second(clock):
    meter = Meter(torch.device("cpu"))
    meter.tick(30)
    meter.tick(10)
    clock[0] += 8
    cost = meter.cost()
    assert (cost["seconds"], cost["images_per_second"]) == (8, 5)
    assert cost["peak_memory_mib"] > 10, "this process is larger than that"


def test_an_interrupted_stage_is_counted_on(clock):
    first = Meter(torch.device("cpu"))
    first.tick(30)
    first.peak_bytes = 2**50
    clock[0] += 5
    second = Meter(torch.device("cpu"))
    second.restore(first.state())
    second.tick(30)
    clock[0] += 5
    assert second.cost() == {"seconds": 10, "images_per_second": 6, "peak_memory_mib": 2**30}


def test_the_share_of_an_epoch_that_it_waited_for_data(clock):
    def slow():
        for number in range(3):
            clock[0] += 2.0
            yield number
        clock[0] += 1.0

    pace, seen = Pace(), []
    for number in pace.watch(slow()):
        seen.append(number)
        pace.images += 10
        clock[0] += 3.0
    assert seen == [0, 1, 2]
    assert pace.values() == {"seconds": 16.0, "images_per_second": 1.875, "waiting_for_data": round(7 / 16, 4)}
