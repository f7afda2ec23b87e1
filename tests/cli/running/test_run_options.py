"""The options of commands that run something: declared once, and in each of them."""

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import pytest

from bench.cli.running.run_options import run_options, takes_run_options
from bench.core.errors import UsageError
from bench.runs.request import RunRequest


def test_seeds_that_are_named_go_before_their_number():
    assert run_options(seeds=5)["seeds"] == 5
    assert run_options(seeds=5, seed=[7, 8])["seeds"] == [7, 8]


def test_settings_are_read_and_wrong_ones_refused():
    assert run_options(set_=["method.lr=1", "method.scale=[0.2, 1]"])["settings"] == {
        "method": {"lr": "1", "scale": [0.2, 1]}
    }
    with pytest.raises(UsageError, match="unknown section 'methd'"):
        run_options(set_=["methd.lr=1"])


def test_every_shared_option_is_part_of_a_request():
    assert set(run_options()) <= {field.name for field in dataclasses.fields(RunRequest)}


def test_a_command_gets_its_own_options_and_the_shared_ones_as_one():
    got = {}

    @takes_run_options
    def command(task: str = "x", *, options: dict[str, Any]) -> None:
        got.update(task=task, **options)

    parameters = inspect.signature(command).parameters
    assert next(iter(parameters)) == "task"
    assert {"seeds", "data_root", "set_"} <= set(parameters)
    assert "options" not in parameters
    command(**{name: p.default for name, p in parameters.items()} | {"task": "drive", "protocol": ["knn,linear"]})
    assert (got["task"], got["protocols"], got["results"]) == ("drive", ["knn", "linear"], Path("results"))
    assert {"profile", "seeds", "corpus"}.isdisjoint(got), "what was not given a study may say"


def test_a_command_may_declare_a_shared_option_itself():
    got = {}

    def command(seeds: int = 9, *, options: dict[str, Any]) -> None:
        got.update(seeds=seeds, options=options)

    call = takes_run_options(command)
    assert list(inspect.signature(call).parameters).count("seeds") == 1
    assert inspect.signature(call).parameters["seeds"].default == 9
    shared = {name: p.default for name, p in inspect.signature(call).parameters.items()}
    call(**{**shared, "seeds": 7})
    assert got["seeds"] == 7
    assert "seeds" not in got["options"], "the default of the shared one"
