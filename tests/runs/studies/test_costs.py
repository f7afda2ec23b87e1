"""Estimates from the seconds of stored records."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.core.registry import tasks
from bench.results.store import Store
from bench.runs.config import resolve_config
from bench.runs.studies.costs import Costs, plain, seconds_of

RESULTS = Path(__file__).parents[3] / "results"


@pytest.fixture(scope="module")
def records():
    return [r for r in Store(RESULTS).load()[0] if r.method in ("simclr", "random") and r.data == "real"]


def config(method="simclr", protocol="linear", **settings):
    return resolve_config(method, tasks().get("brain_tumor_linear"), protocol, "quick", "resnet18", settings)


BF16 = {"precision": "bf16-mixed"}


def test_equal_settings_take_what_they_took(records):
    costs = Costs(records)
    own = sorted({r.hashes["checkpoint"]: r.cost["pretrain"]["seconds"] for r in records if r.corpus}.values())
    found = costs.pretraining("simclr", config(pretrain=BF16), None)
    assert found == own[2], "the median over checkpoints, each counted once"
    assert costs.devices == {"cpu"}


def test_other_lengths_are_in_proportion(records):
    costs = Costs(records)
    longer = config(pretrain={**BF16, "epochs": 10})
    assert costs.pretraining("simclr", longer, None) is None
    one, two = (costs.pretraining("simclr", longer, images) for images in (1000, 2000))
    assert two == pytest.approx(2 * one)
    same = costs.pretraining("simclr", config(pretrain={**BF16, "batch_size": 32}), 1984)
    assert same == pytest.approx(costs.pretraining("simclr", config(pretrain=BF16), None), rel=0.2)


def test_what_was_never_run_has_no_estimate(records):
    costs = Costs(records)
    assert costs.pretraining("byol", config("byol", pretrain=BF16), 1000) is None
    assert costs.pretraining("simclr", config(pretrain={"image_size": 224}), 1000) is None
    assert costs.evaluation("drive", "finetune", config()) is None
    assert Costs([]).evaluation("brain_tumor_linear", "linear", config()) is None


def test_an_evaluation_takes_what_the_same_task_and_protocol_took(records):
    costs = Costs(records)
    exact = costs.evaluation("brain_tumor_linear", "linear", config())
    assert exact is not None
    assert exact > 0
    assert costs.evaluation("brain_tumor_linear", "linear", config(protocol="linear", task={"image_size": 64})) > 0


def test_whole_numbers_and_fractions_are_the_same():
    assert plain({"a": [8, True, "8"], "b": {"c": 1}}) == plain({"b": {"c": 1.0}, "a": (8.0, True, "8")})
    assert plain(1) != plain(True)


def planned(protocol, checkpoint="c", images=1984):
    """What `seconds_of` reads of a resolved run of SimCLR."""
    plan = SimpleNamespace(method="simclr", task=tasks().get("brain_tumor_linear"), protocol=protocol)
    corpus = SimpleNamespace(images=range(images)) if checkpoint else None
    hashes = {"checkpoint": checkpoint}
    return SimpleNamespace(plan=plan, corpus=corpus, hashes=hashes, config=config(protocol=protocol, pretrain=BF16))


def test_the_first_of_the_runs_that_share_a_pretraining_takes_its_time(records):
    costs = Costs(records)
    pretraining = costs.pretraining("simclr", config(pretrain=BF16), None)
    linear = costs.evaluation("brain_tumor_linear", "linear", config())
    runs = [planned("linear"), planned("linear"), planned("linear", "d"), planned("linear", "")]
    found = seconds_of(runs, records, {"d"})
    assert found == pytest.approx([pretraining + linear, linear, linear, linear])


def test_a_run_of_which_a_part_is_unknown_has_no_estimate(records):
    assert seconds_of([planned("finetune"), planned("linear", "")], [], ()) == [None, None]
    first, second = seconds_of([planned("mlp"), planned("linear")], records, ())
    assert first is None
    assert second is not None
