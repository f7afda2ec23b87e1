"""`import bench`: the same runs as the command line, from Python."""

import json
import subprocess
import sys
from typing import ClassVar

import pandas as pd
import pytest
import torch
from torch import nn

import bench
from bench.core import registry
from bench.models.weights.files import file_hash
from bench.runs.listing import listing

EPOCH = {"pretrain.epochs": 1, "protocol.epochs": 2}


@pytest.fixture(autouse=True)
def _forget_plugins():
    yield
    for cached in (registry.methods, registry.tasks, registry.kinds):
        cached.cache_clear()


@pytest.fixture
def bench_command(request):
    """The command line in this process; the name of its fixture is the package's here."""
    return request.getfixturevalue("bench")


@pytest.fixture
def places(tmp_path, phantom_root, tmp_path_factory):
    return {
        "results": tmp_path / "results",
        "cache": tmp_path_factory.mktemp("cache"),
        "data_root": phantom_root,
        "quiet": True,
    }


class Tiny(nn.Module):
    version = 1

    def __init__(self, side: int = 2) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(side), nn.Flatten())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


def test_importing_loads_nothing_and_offers_the_nouns():
    code = (
        "import sys, bench; print(sorted(m for m in sys.modules if m.split('.')[0] in "
        "('bench', 'torch', 'pandas', 'pydantic', 'numpy'))); print(bench.BenchError.exit_code); "
        "bench.load_records; print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split("\n")
    assert out[:3] == ["['bench']", "1", "False"]
    assert set(dir(bench)) >= {"run", "ablate", "leaderboard", "Method", "Task", "Case", "Record", "evaluate", "export"}
    assert all(getattr(bench, name) is not None for name in dir(bench))
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = bench.runn


def test_python_and_command_line_give_the_same_runs(places, tmp_path, bench_command):
    runs = bench.run(["random", "simclr"], "brain_tumor_linear", seeds=[1], settings=EPOCH, **places)
    done = bench_command(
        "run", "--method=random,simclr", "--task=brain_tumor_linear", "--seed=1", "--set=pretrain.epochs=1",
        "--set=protocol.epochs=2", f"--results={tmp_path / 'other'}", f"--cache={places['cache']}",
        f"--data-root={places['data_root']}", "--json",
    )  # fmt: skip
    assert done.code == 0
    told = json.loads(done.out)["runs"]
    assert [r.identity for r in runs.records] == [r["identity"] for r in told]
    assert [r.metrics for r in runs.records] == [r["metrics"] for r in told]
    nested = {"pretrain": {"epochs": 1}, "protocol": {"epochs": 2}}
    again = bench.run(("random", "simclr"), ["brain_tumor_linear"], seeds=(1,), settings=nested, **places)
    assert (again.made, [r.identity for r in again.records]) == (0, [r.identity for r in runs.records])


def test_runs_have_a_board_and_their_cases(places):
    runs = bench.run("random", "brain_tumor", ["knn", "linear"], seeds=2, settings={"protocol.epochs": 2}, **places)
    assert len(runs.records) == runs.made == 4
    assert isinstance(runs.board, pd.DataFrame)
    assert runs.board["protocol"].tolist() == ["knn", "linear"]
    cases = runs.cases()
    assert len(cases) == sum(r.split.test for r in runs.records)
    assert cases.columns.tolist() == [
        "method", "task", "protocol", "backbone", "seed", "identity", "case", "target", "prediction",
    ]  # fmt: skip
    for record in runs.records:
        own = cases[cases["identity"] == record.identity]
        hits = [p.argmax() == t for p, t in zip(own["prediction"], own["target"], strict=True)]
        assert sum(hits) / len(hits) == pytest.approx(record.metrics["accuracy"])
    pd.testing.assert_frame_equal(bench.leaderboard(places["results"]), runs.board)
    assert {r.identity for r in bench.load_records(places["results"])} == {r.identity for r in runs.records}


def test_a_class_of_ones_own_takes_part_and_may_be_defined_again(places):
    def define(weight: float) -> type[bench.Method]:
        class Mine(bench.Method):
            name, title, citation, version = "mine", "Mine", "none", 1
            quick: ClassVar = {"lr": weight}
            pretrains = False

            def build(self, backbone):
                return nn.ModuleDict({"backbone": backbone})

            def loss(self, module, views, progress):
                raise TypeError

        return Mine

    first = bench.run(define(0.1), "brain_tumor", "knn", seeds=1, **places)
    second = bench.run([define(0.2)], "brain_tumor", "knn", seeds=1, **places)
    assert first.records[0].method == "mine"
    assert first.records[0].identity != second.records[0].identity
    with pytest.raises(bench.BenchError, match="Two plugins claim"):
        bench.run(type("Other", (define(0.1),), {"name": "simclr"}), "brain_tumor", "knn", seeds=1, **places)


def test_pretrained_encoder_scores_as_the_run_that_made_it(places, tmp_path):
    encoder = bench.pretrain("simclr", "brain_tumor", settings={"pretrain.epochs": 1}, **places)
    assert not encoder.training
    assert encoder(torch.zeros(2, 3, 48, 48)).pooled.shape == (2, 512)
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    record = bench.evaluate(encoder, "brain_tumor", "knn", name="mine", **places)
    run = bench.run("simclr", "brain_tumor", "knn", seeds=1, settings={"pretrain.epochs": 1}, **places).records[0]
    assert (record.method, record.backbone) == ("mine", "resnet18")
    assert record.metrics == run.metrics
    assert record.weights is not None
    assert "cannot be checked" in record.weights.corpus
    assert all(torch.equal(v, before[k]) for k, v in encoder.state_dict().items())


def test_any_module_is_evaluated_by_its_embedding(places):
    torch.manual_seed(0)
    module = Tiny()
    frozen = bench.evaluate(module, "brain_tumor", "knn", **places)
    tuned = bench.evaluate(module, "brain_tumor", settings={"protocol.epochs": 1}, **places)
    assert (frozen.method, frozen.protocol, tuned.protocol) == ("tiny", "knn", "finetune")
    assert frozen.backbone == tuned.backbone
    assert bench.evaluate(module, "brain_tumor", "knn", **places).identity == frozen.identity
    with torch.no_grad():
        module.layers[0].weight.mul_(2.0)
    assert bench.evaluate(module, "brain_tumor", "knn", **places).identity != frozen.identity
    assert bench.evaluate(Tiny(3), "brain_tumor", "knn", **places).backbone != frozen.backbone


@pytest.mark.parametrize(
    ("module", "task", "message"),
    [
        (nn.Conv2d(3, 8, 3), "brain_tumor", r"maps images \(2, 3, 48, 48\) to \(2, 8, 46, 46\); expected embeddings"),
        (nn.Linear(7, 2), "brain_tumor", "does not take images of shape"),
        (Tiny(), "drive", "reads feature maps, and Tiny gives an embedding alone"),
    ],
)
def test_modules_that_cannot_be_evaluated(places, module, task, message):
    with pytest.raises(bench.BenchError, match=message):
        bench.evaluate(module, task, **{**places, "data_root": None})


def test_the_advice_of_that_error_works(places):
    pooled = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert bench.evaluate(pooled, "brain_tumor", "knn", **places).method == "sequential"


def test_encoders_are_loaded_and_exported(places, tmp_path):
    bench.pretrain("simclr", "brain_tumor", settings={"pretrain.epochs": 1}, **places)
    (file, *_) = sorted((places["cache"] / "checkpoints" / "simclr").rglob("encoder.safetensors"))
    encoder = bench.load_encoder(file)
    done = bench.export(file, "timm", tmp_path / "timm.safetensors")
    assert done.path.exists()
    assert encoder(torch.zeros(1, 3, 48, 48)).pooled.shape == (1, 512)
    assert file_hash(file)
    with pytest.raises(bench.BenchError, match="no such file"):
        bench.load_encoder(tmp_path / "none.pth")


def test_ablation_from_python(places, monkeypatch):
    simclr = registry.methods().get("simclr")
    monkeypatch.setattr(simclr, "ablations", {"warm": {"temperature": 0.5}})
    table = bench.ablate("simclr", "brain_tumor", protocols="knn", seeds=1, settings={"pretrain.epochs": 1}, **places)
    assert table.board["setting"].tolist() == ["full", "warm"]
    assert "warm" in table.text(markdown=True)


def test_lists_are_tables():
    assert set(bench.methods()["name"]) >= {"random", "lvmmed"}
    rows = listing("tasks", ())
    assert bench.tasks()["name"].tolist() == [row["name"] for row in rows]
    assert bench.tasks()["metric"].tolist() == [row["metric"] for row in rows]


def test_wrong_options_are_clear_errors(places):
    with pytest.raises(bench.BenchError, match=r"Unknown option 'bakbone'\. Did you mean"):
        bench.run("random", "brain_tumor", bakbone="resnet18", **places)
    with pytest.raises(bench.BenchError, match="unknown section 'pretrian'"):
        bench.run("random", "brain_tumor", settings={"pretrian.epochs": 1}, **places)
    with pytest.raises(bench.BenchError, match=r"expected section\.key"):
        bench.run("random", "brain_tumor", settings={"pretrain": 1}, **places)
    with pytest.raises(bench.BenchError, match="Unknown method 'a,b'"):
        bench.run("a,b", "brain_tumor", **places)
