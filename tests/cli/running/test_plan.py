"""`bench plan`, `bench run --dry-run` and `bench run --config STUDY` as a user meets them."""

from __future__ import annotations

import json

import pytest

STUDY = """
[study]
methods = ["random", "simclr"]
tasks = "brain_tumor"
protocols = ["knn", "linear"]
backbones = "vit_tiny_8"
seeds = 1

[pretrain]
epochs = 1
image_size = 32
[task]
image_size = 32
[protocol.knn]
neighbours = 3
[pretrain.simclr]
batch_size = 32
"""


@pytest.fixture
def study(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(STUDY)
    return file


@pytest.fixture
def places(phantom_root, tmp_path):
    return [
        f"--data-root={phantom_root}", f"--results={tmp_path / 'results'}", f"--cache={tmp_path / 'cache'}",
        "--device=cpu",
    ]  # fmt: skip


def test_a_study_is_planned_run_and_found_again(bench, study, places, tmp_path):
    config = f"--config={study}"
    plan = bench("plan", config, *places)
    assert plan.code == 0, plan.err
    assert "4 runs: 0 stored, 4 to run" in plan.out
    assert "simclr (vit_tiny_8, quick, corpus pool): seed 0, each for 2 runs, to make" in plan.out
    dry = bench("run", "--dry-run", config, *places)
    assert dry.out == plan.out
    assert not (tmp_path / "results").exists()
    done = bench("run", config, *places)
    assert done.code == 0, done.err
    records = [json.loads(path.read_text()) for path in (tmp_path / "results").rglob("runs/**/*.json")]
    assert {(r["method"], r["protocol"], r["backbone"], r["seed"]) for r in records} == {
        (method, protocol, "vit_tiny_8", 0) for method in ("random", "simclr") for protocol in ("knn", "linear")
    }
    assert {r["config"]["protocol"].get("neighbours") for r in records if r["protocol"] == "knn"} == {3}
    assert {r["config"]["pretrain"]["batch_size"] for r in records if r["method"] == "simclr"} == {32}
    again = json.loads(bench("plan", config, *places, "--json").out)
    assert [cell["state"] for cell in again["cells"]] == 4 * ["stored"]
    assert "Nothing to run" in bench("run", config, *places).out
    more = json.loads(bench("plan", config, *places, "--seed=0", "--seed=4", "--method=random", "--json").out)
    assert [(cell["seed"], cell["state"]) for cell in more["cells"]] == 2 * [(0, "stored")] + 2 * [(4, "to run")]


def test_all_errors_are_listed_and_decide_the_exit_code(bench, tmp_path, places):
    (tmp_path / "wrong.toml").write_text('[study]\nmethods = ["simcrl"]\ntasks = "drve"\n[pretrain]\nepoch = 3\n')
    done = bench("plan", f"--config={tmp_path / 'wrong.toml'}", *places)
    assert done.code == 2
    assert done.err.count("Did you mean") == 3, done.err
    machine = bench("plan", f"--config={tmp_path / 'wrong.toml'}", *places, "--json")
    assert (machine.code, len(json.loads(machine.out)["problems"])) == (2, 3)


def test_without_a_study_task_and_method_are_needed(bench):
    done = bench("run", "--method=random")
    assert (done.code, "No task given" in done.err) == (2, True)
    done = bench("run", "--task=brain_tumor")
    assert (done.code, "No method given" in done.err) == (2, True)
    done = bench("ablate", "lvmmed", "--task=brain_tumor", "--config=docs/studies/results.toml")
    assert (done.code, "is for bench run and bench plan" in done.err) == (2, True)
