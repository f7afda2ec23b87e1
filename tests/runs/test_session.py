"""A command before its runs: names are checked, and without a data root there are phantoms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.api import grids, tables
from bench.core import registry
from bench.core.console import Report
from bench.core.errors import UsageError
from bench.data.grouped_split import GROUPED_VERSION
from bench.runs.plan import PlannedRun
from bench.runs.request import RunRequest
from bench.runs.session import prepare_world
from tests.commands import SMALL


def records(folder: Path) -> list[dict]:
    return [json.loads(p.read_text()) for p in sorted((folder / "runs").rglob("*.json"))]


def test_without_a_data_root_it_says_so_and_runs_on_the_phantom(bench, tmp_path):
    done = bench(
        "run", "-m", "random", "-t", "brain_tumor_linear", "--seed", "0", "--results", tmp_path / "r",
        "--cache", tmp_path / "c", *SMALL,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "No data root is configured" in done.err
    assert [r["data"] for r in records(tmp_path / "r")] == ["phantom"]


@pytest.mark.parametrize(
    ("method", "task", "more", "code", "message"),
    [
        ("lvmmde", "brain_tumor", [], 2, "Unknown method 'lvmmde'. Did you mean 'lvmmed'?"),
        ("random", "brain_tumour", [], 2, "Unknown task 'brain_tumour'. Did you mean 'brain_tumor'?"),
        ("random", "brain_tumor", ["--set=protocol.epoch=1"], 2, "no setting 'epoch'. Did you mean 'epochs'?"),
        ("random", "brain_tumor", ["--profile", "papr"], 2, "Unknown profile 'papr'. Did you mean 'paper'?"),
        ("random", "brain_tumor", ["--backbone", "resnet20"], 2, "Unknown backbone 'resnet20'."),
        ("random", "brain_tumor", ["--device", "gpu"], 2, "Unknown device 'gpu'"),
        (
            "simclr",
            "brain_tumor",
            ["--corpus", "pol"],
            2,
            "--corpus 'pol': expected pool, task, a folder of images, or a manifest",
        ),
        ("simclr", "brain_tumor", ["--corpus", "none.csv"], 2, "none.csv: no such file"),
        ("simclr", "brain_tumor", ["--set=pretrain.init=imagenet"], 6, "Nothing is downloaded here"),
    ],
)
def test_wrong_usage(run, tmp_path, monkeypatch, method, task, more, code, message):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    done = run(method, task, *more)
    assert done.code == code
    assert message in done.err
    assert done.err.count("Error:") == 1
    assert "Traceback" not in done.err
    assert not (tmp_path / "results").exists()


def test_a_grouped_split_is_an_evaluation_of_its_own(run, phantom_root, tmp_path):
    linear = ("random", "brain_tumor", "--protocol", "linear", "--seed", 0)
    assert [run(*linear, *more).code for more in ([], ["--split", "grouped"])] == [0, 0]
    given = {record["split"]["given"]: record for record in records(tmp_path / "results")}
    assert given.keys() == {None, GROUPED_VERSION}
    board = tables.leaderboard(tmp_path / "results")
    assert len(board) == board["evaluation_hash"].nunique() == 2
    assert set(board["rank"]) == {1}, "they are not ranked against each other"
    again = grids.run(
        "random", "brain_tumor", "linear", seeds=[0], split="grouped", data_root=phantom_root, device="cpu", quiet=True,
        results=tmp_path / "results", cache=tmp_path / "cache",
        settings=dict(option.removeprefix("--set=").split("=") for option in SMALL),
    )  # fmt: skip
    assert (again.made, again.records[0].identity) == (0, given[GROUPED_VERSION]["identity"])


def test_a_grouped_split_holds_for_all_tasks_of_a_command(segmentation_root, tmp_path):
    tasks = [registry.tasks().get(name) for name in ("drive", "jsrt")]
    plans = [PlannedRun("random", task, task.protocol, "resnet18", 0) for task in tasks]
    request = RunRequest(split=Path("grouped"), data_root=segmentation_root, cache=tmp_path)
    world, _ = prepare_world(plans, request, Report(quiet=True))
    assert {world.split(task.data, 0).given for task in tasks} == {GROUPED_VERSION}
    with pytest.raises(UsageError, match="names one data set's cases"):
        prepare_world(
            plans, RunRequest(split=Path("s.csv"), data_root=segmentation_root, cache=tmp_path), Report(quiet=True)
        )
