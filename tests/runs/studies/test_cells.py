"""From a request to its cells: profiles, corpora, ablations, settings of one task or protocol."""

from __future__ import annotations

import pytest

from bench.core.errors import UsageError
from bench.runs.request import request_of
from bench.runs.settings_file import check_settings_files
from bench.runs.studies.cells import plan_cells


@pytest.fixture
def cells(tmp_path):
    def call(text, **options):
        (tmp_path / "study.toml").write_text(text)
        request = request_of(takes_study=True, config=tmp_path / "study.toml", **options)
        check_settings_files(request.config)
        return plan_cells(request, request.methods)

    return call


def test_methods_that_pretrain_have_each_corpus_and_others_one(cells):
    runs, _ = cells(
        '[study]\nmethods = ["random", "simclr"]\ntasks = "brain_tumor"\nseeds = 1\ncorpus = ["task", "pool"]\n'
    )
    assert [(run.method, run.corpus) for run in runs] == [("random", "task"), ("simclr", "task"), ("simclr", "pool")]


def test_profiles_have_their_own_backbone(cells):
    runs, _ = cells('[study]\nmethods = "random"\ntasks = "brain_tumor"\nseeds = 1\nprofile = ["quick", "paper"]\n')
    assert [(run.profile, run.backbone) for run in runs] == [("quick", "resnet18"), ("paper", "resnet50")]


def test_ablations_stand_beside_the_method_that_declares_them(cells):
    runs, _ = cells(
        '[study]\nmethods = ["lvmmed", "random"]\nablations = ["lambda_1"]\ntasks = "brain_tumor"\nseeds = 1\n'
        "[method.lvmmed]\nalpha = 0.7\n"
    )
    changed = [(run.method, run.overrides.get("method", {})) for run in runs]
    assert changed == [("lvmmed", {"alpha": 0.7}), ("lvmmed", {"alpha": 0.7, "lambda_": 1.0}), ("random", {})]
    with pytest.raises(UsageError, match=r"Unknown ablation 'lambda_3' of lvmmed. Did you mean 'lambda_"):
        cells('[study]\nmethods = "lvmmed"\nablations = ["lambda_3"]\ntasks = "brain_tumor"\n')


SETTINGS = """
[study]
methods = "random"
tasks = ["brain_tumor", "drive"]
protocols = ["linear", "finetune"]
seeds = 1
[task]
image_size = 32
[task.drive]
image_size = 64
[protocol.finetune]
epochs = 2
[protocol.linear]
epochs = 3
[task.jsrt]
image_size = 48
"""


def test_settings_of_one_task_and_of_one_protocol(cells):
    runs, notices = cells(SETTINGS, settings={"protocol": {"lr": 0.5}})
    found = {(run.task.name, run.protocol): run.overrides for run in runs}
    assert {pair: one["task"]["image_size"] for pair, one in found.items()} == {
        ("brain_tumor_linear", "linear"): 32, ("brain_tumor", "finetune"): 32,
        ("drive", "linear"): 64, ("drive", "finetune"): 64,
    }  # fmt: skip
    assert found["drive", "finetune"]["protocol"] == {"epochs": 2, "lr": 0.5}
    assert found["drive", "linear"]["protocol"] == {"epochs": 3, "lr": 0.5}
    assert found["brain_tumor_linear", "linear"]["protocol"] == {"epochs": 3}, "a probe has no rate"
    assert [line for line in notices if "jsrt" in line] == [
        "[task.jsrt] is used by no run; the tasks of these are brain_tumor_linear, brain_tumor, drive"
    ]
    explicit, _ = cells(SETTINGS, settings={"protocol": {"epochs": 9}, "task": {"image_size": 16}})
    assert {run.overrides["task"]["image_size"] for run in explicit} == {16}
    assert {run.overrides["protocol"]["epochs"] for run in explicit} == {9}


def test_all_that_is_wrong_is_said_at_once(cells):
    with pytest.raises(UsageError) as error:
        cells('[study]\nmethods = ["simcrl", "byoll"]\ntasks = ["drve"]\nprotocols = ["lineer"]\nbackbones = ["r18"]\n')
    text = str(error.value)
    assert text.startswith("5 problems:\n- Unknown method 'simcrl'")
    assert all(name in text for name in ("'byoll'", "'drve'", "'lineer'", "'r18'"))
    with pytest.raises(UsageError) as error:
        cells("[task.drve]\nimage_size = 3\n[protocol.knn]\nneighbors = 3\n[method.byol]\nmomentun = 1\n")
    text = str(error.value)
    assert text.startswith("3 problems:")
    assert all(f"Did you mean '{name}'" in text for name in ("drive", "neighbours", "momentum")), text
