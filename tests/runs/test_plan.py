"""The plan: the grid, `all`, merging of equal tasks."""

import pytest

from bench.core.errors import UsageError
from bench.runs.plan import make_plan
from bench.runs.request import names_of


def plan(methods="random", tasks="brain_tumor", protocols="", backbones="", seeds=(0,), profile="quick"):
    """The plan of names in comma-separated texts."""
    names = (names_of(text.split(",")) for text in (methods, tasks, protocols, backbones))
    return make_plan(*names, seeds, profile)


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


def test_kind_that_reads_feature_maps_has_no_vote(monkeypatch):
    from tasks.kinds.classification import Classification

    monkeypatch.setattr(Classification, "pooled_only", False)
    with pytest.raises(UsageError, match=r"'knn' does not apply to the task 'brain_tumor'.*of this task: linear, fine"):
        plan("random", "brain_tumor", "knn")


def test_tasks_of_one_data_set_share_the_runs_of_a_protocol_that_is_no_tasks_own():
    runs, merged = plan("random", "brain_tumor_linear,brain_tumor", "knn")
    assert [(r.task.name, r.protocol) for r in runs] == [("brain_tumor", "knn")]
    assert "brain_tumor_linear with protocol knn is the task brain_tumor" in merged


def test_methods_that_mask_patches_have_transformers_alone():
    runs, said = plan("simclr,mae,simmim", backbones="resnet18,vit_tiny_8")
    assert {r.backbone for r in runs if r.method == "mae"} == {"vit_tiny_8"}
    assert {r.backbone for r in runs if r.method == "simclr"} == {"resnet18", "vit_tiny_8"}
    assert [line for line in said if line.startswith("mae needs a vision transformer")] != []
    assert "left out of resnet18" in said[-1]


@pytest.mark.parametrize(("profile", "default"), [("quick", "resnet18"), ("paper", "resnet50")])
def test_they_are_one_error_where_no_transformer_is_named_and_its_advice_works(profile, default):
    with pytest.raises(UsageError, match=rf"^mae, ibot mask patch tokens and need .* which {default} is not") as caught:
        plan("simclr,mae,ibot", profile=profile)
    for advice in ("vit_tiny_8", "vit_b_16", "timm:vit_small_patch16_224"):
        assert advice in str(caught.value)
        runs, said = plan("simclr,mae,ibot", backbones=advice, profile=profile)
        assert (len(runs), said) == (3, [])


def test_all_leaves_them_out_and_says_so():
    runs, said = plan("all", "brain_tumor_linear")
    assert "mae" not in {r.method for r in runs}
    assert any("mae needs a vision transformer (--backbone vit_tiny_8); left out of resnet18" in line for line in said)
