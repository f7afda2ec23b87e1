"""The plan: the grid, `all`, merging of equal tasks."""

import pytest

from bench.core.errors import UsageError
from bench.runs.plan import make_plan


def plan(methods="random", tasks="brain_tumor", protocols=None, backbones=None, seeds=(0,), profile="quick"):
    return make_plan(methods, tasks, protocols, backbones, seeds, profile)


def test_grid_has_every_cell_once():
    runs, merged = plan("random,simclr", "brain_tumor,brain_tumor_linear", seeds=(0, 1, 2))
    assert len(runs) == 12
    assert len({str(r) for r in runs}) == 12
    assert merged == []


def test_all_expands_and_default_backbone_follows_the_profile():
    runs, _ = plan("all", "all", profile="paper")
    assert {r.method for r in runs} >= {"random", "simclr", "byol", "dino", "lvmmed"}
    assert {r.backbone for r in runs} == {"resnet50"}


def test_protocol_that_makes_two_tasks_equal_runs_once():
    runs, merged = plan(tasks="brain_tumor,brain_tumor_linear", protocols="linear")
    assert [(r.task.name, r.protocol) for r in runs] == [("brain_tumor_linear", "linear")]
    assert merged
    assert "brain_tumor_linear" in merged[0]


def test_both_protocols_of_one_task_are_the_two_tasks():
    runs, _ = plan(tasks="brain_tumor", protocols="finetune,linear")
    assert [(r.task.name, r.protocol) for r in runs] == [("brain_tumor", "finetune"), ("brain_tumor_linear", "linear")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": "lvmmde"}, "Did you mean 'lvmmed'"),
        ({"tasks": "brain_tumour"}, "Did you mean 'brain_tumor'"),
        ({"protocols": "linaer"}, "Did you mean 'linear'"),
        ({"backbones": "resnet19"}, "Did you mean 'resnet18'"),
        ({"methods": " , "}, "No method given"),
    ],
)
def test_unknown_names(arguments, message):
    with pytest.raises(UsageError, match=message):
        plan(**arguments)
