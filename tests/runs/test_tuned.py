"""What is said of runs whose settings were tuned: unequal effort, data that are scored, records that do not say so."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from bench.core.settings import TunedRecord
from bench.runs.tuned import tuning_warnings, uneven_tuning, warn_of_tuning

TUNED = TunedRecord.model_validate(
    {
        "trials": 20,
        "sampler": "tpe",
        "sampler_seed": 0,
        "space": {},
        "chosen": {},
        "best": 0.5,
        "metric": "accuracy",
        "task": "fgadr",
        "data_set": "fgadr",
        "data": "real",
        "data_fingerprint": "f",
        "protocol": "knn",
        "backbone": "resnet18",
        "profile": "quick",
        "corpus": "pool",
        "seeds": [1000],
    }
)


@dataclass(frozen=True)
class Run:
    """What is asked of a resolved run."""

    method: str
    tuned: TunedRecord | None = TUNED
    seed: int = 0
    data_set: str = "drive"
    data: str = "d"
    identity: str = "i"

    @property
    def plan(self):
        task = SimpleNamespace(name="a task", data=SimpleNamespace(name=self.data_set))
        return SimpleNamespace(method=self.method, seed=self.seed, task=task)

    @property
    def facts(self):
        return SimpleNamespace(data=self.data)


class Said:
    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


@pytest.mark.parametrize(
    ("changes", "data", "expected"),
    [
        ({}, "real", []),
        ({"data_set": "fgadr"}, "real", ["were tuned on fgadr, which a task scores"]),
        ({"data": "f"}, "real", ["were tuned on fgadr, which a task scores"]),
        ({}, "phantom", ["were tuned on real data, and these are phantom"]),
        ({"seed": 1000}, "real", ["were tuned with the seed 1000"]),
        ({"seed": 1000, "tuned": None}, "phantom", []),
    ],
)
def test_what_touches_the_scored_data_is_named(changes, data, expected):
    found = tuning_warnings(replace(Run("simclr"), **changes), data)
    assert len(found) == len(expected)
    for line, part in zip(found, expected, strict=True):
        assert f"The settings of simclr {part}" in line


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (TUNED, []),
        (TUNED.model_copy(update={"trials": 5}), "simclr: 20 trials on fgadr; byol: 5 trials on fgadr"),
        (TUNED.model_copy(update={"data_set": "drive"}), "simclr: 20 trials on fgadr; byol: 20 trials on drive"),
        (None, "simclr: 20 trials on fgadr; byol: not tuned"),
    ],
)
def test_unequal_effort_is_said_and_floors_have_nothing_to_tune(other, expected):
    found = uneven_tuning([Run("simclr"), Run("byol", other), Run("random", None)])
    assert len(found) == (1 if expected else 0)
    if expected:
        assert f"not tuned alike ({expected})" in found[0]


def test_without_any_tuning_nothing_is_said():
    assert uneven_tuning([Run("simclr", None), Run("byol", None), Run("random", None)]) == []


def test_each_line_is_said_once_and_silent_records_are_named():
    said, world = Said(), SimpleNamespace(data=lambda data_set: SimpleNamespace(kind="phantom"))
    runs = [Run("simclr", seed=0, identity="a"), Run("simclr", seed=1, identity="b")]
    warn_of_tuning(runs, {"a": SimpleNamespace(tuned=None), "b": SimpleNamespace(tuned=TUNED)}, world, said)
    assert len(said.warnings) == 2
    assert "were tuned on real data" in said.warnings[0]
    assert "Runs of simclr with these settings were stored before" in said.warnings[1]
