"""What a plan says of its cells, to people and to machines."""

from __future__ import annotations

import json

import pytest

from bench.core.errors import Problems, UsageError
from bench.runs.plan import make_plan
from bench.runs.studies.preview import Cell, Preview


@pytest.fixture
def plan():
    runs, _ = make_plan(["random", "simclr"], "brain_tumor", ("knn", "finetune"), None, (0, 1, 2), "quick")
    cells = []
    for run in runs:
        pretraining = f"simclr-{run.seed}" if run.method == "simclr" else ""
        state = "stored" if run.seed == 0 else "to run"
        seconds = None if run.protocol == "finetune" else 1800.0
        cells.append(Cell(run, state, "", pretraining, run.seed == 1, 3600.0 if pretraining else 0.0, seconds))
    return Preview(cells, ["a notice"], Problems(), ("cpu",), False)


def test_lines_group_seeds_and_say_what_is_shared(plan):
    lines = plan.lines
    assert lines[:2] == ["a notice", "12 runs: 4 stored, 8 to run"]
    assert "  random on brain_tumor (knn, resnet18, ): seed 0 stored; seeds 1 2 to run" in lines
    assert "pretrainings: 2" in lines
    assert any("seed 1, each for 2 runs, made before" in line for line in lines)
    assert any("seed 2, each for 2 runs, to make, about 3600 s each" in line for line in lines)
    assert lines[-1] == (
        "estimate: 3.00 hours (pretraining 1.00, evaluation 2.00), by records of cpu; 4 of these steps have no record "
        "to go by and are not in it"
    )


def test_without_records_there_is_no_estimate(plan):
    cells = [Cell(cell.run, "to run") for cell in plan.cells]
    lines = Preview(cells, [], Problems(), (), False).lines
    assert lines[-1] == "estimate: none, no stored record is of such a run; 12 of these steps have no record to go by"


def test_nothing_to_run_has_no_estimate(plan):
    done = Preview([cell for cell in plan.cells if cell.state == "stored"], [], Problems(), ("cpu",), True)
    assert done.lines[0] == "4 runs: 4 stored, 0 to run (by settings, without data)"
    assert not any("estimate" in line or "pretrainings" in line for line in done.lines)


def test_machines_get_every_cell_and_every_problem(plan):
    with plan.problems.noted():
        raise UsageError("wrong")
    found = json.loads(json.dumps(plan.to_json()))
    assert [cell["state"] for cell in found["cells"]].count("to run") == 8
    assert found["problems"] == ["wrong"]
    assert found["hours"] == {"pretraining": 1.0, "evaluation": 2.0}
    assert found["steps_without_estimate"] == 4
    assert [(p["seed"], p["runs"], p["stored"]) for p in found["pretrainings"]] == [(1, 2, True), (2, 2, False)]
