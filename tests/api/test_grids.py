"""Grids from Python are those of the command line; classes of one's own take part."""

import json
from typing import ClassVar

import pandas as pd
import pytest
from torch import nn

import bench
from bench.core import registry

CHANGED = {"pretrain.epochs": 1, "protocol.regularisations": [0.1, 1]}


def test_python_and_command_line_give_the_same_runs(places, tmp_path, bench_command):
    runs = bench.run(["random", "simclr"], "brain_tumor_linear", seeds=[1], settings=CHANGED, **places)
    done = bench_command(
        "run", "--method=random,simclr", "--task=brain_tumor_linear", "--seed=1", "--set=pretrain.epochs=1",
        "--set=protocol.regularisations=[0.1,1]", f"--results={tmp_path / 'other'}", f"--cache={places['cache']}",
        f"--data-root={places['data_root']}", "--json",
    )  # fmt: skip
    assert done.code == 0
    told = json.loads(done.out)["runs"]
    assert [r.identity for r in runs.records] == [r["identity"] for r in told]
    assert [r.metrics for r in runs.records] == [r["metrics"] for r in told]
    nested = {"pretrain": {"epochs": 1}, "protocol": {"regularisations": (0.1, 1)}}
    again = bench.run(("random", "simclr"), ["brain_tumor_linear"], seeds=(1,), settings=nested, **places)
    assert (again.made, [r.identity for r in again.records]) == (0, [r.identity for r in runs.records])


def test_runs_have_a_board_and_their_cases(places):
    runs = bench.run("random", "brain_tumor", ["knn", "linear"], seeds=2, **places)
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


@pytest.mark.slow
def test_ablation_from_python(places, monkeypatch):
    simclr = registry.methods().get("simclr")
    monkeypatch.setattr(simclr, "ablations", {"warm": {"temperature": 0.5}})
    table = bench.ablate("simclr", "brain_tumor", protocols="knn", seeds=1, settings={"pretrain.epochs": 1}, **places)
    assert table.board["setting"].tolist() == ["full", "warm"]
    assert "warm" in table.text(markdown=True)


def test_wrong_options_are_clear_errors(places):
    with pytest.raises(bench.BenchError, match=r"Unknown option 'bakbone'\. Did you mean"):
        bench.run("random", "brain_tumor", bakbone="resnet18", **places)
    with pytest.raises(bench.BenchError, match="unknown section 'pretrian'"):
        bench.run("random", "brain_tumor", settings={"pretrian.epochs": 1}, **places)
    with pytest.raises(bench.BenchError, match=r"expected section\.key"):
        bench.run("random", "brain_tumor", settings={"pretrain": 1}, **places)
    with pytest.raises(bench.BenchError, match="Unknown method 'a,b'"):
        bench.run("a,b", "brain_tumor", **places)


@pytest.mark.slow
def test_tuned_settings_from_python_are_those_of_the_file(places, tmp_path):
    small = {"pretrain.epochs": 1, "pretrain.image_size": 32, "task.image_size": 32}
    shared = {"settings": small, "backbones": "vit_tiny_8", **places}
    tuning = bench.tune("simclr", "brain_tumor_linear", trials=2, out=tmp_path / "a.toml", **shared)
    assert tuning.files == [tmp_path / "a.toml"]
    assert tuning.tuned["simclr"].seeds == [1000]
    runs = bench.run("simclr", "brain_tumor", "knn", seeds=1, config=tmp_path / "a.toml", **shared)
    assert runs.records[0].tuned == tuning.tuned["simclr"]
    method = runs.records[0].config["method"]
    assert {f"method.{k}": method[k] for k in ("lr", "temperature", "weight_decay")} == tuning.tuned["simclr"].chosen
    named = bench.tune("simclr", "brain_tumor_linear", trials=2, seeds=[7], out=tmp_path / "b.toml", **shared)
    assert named.tuned["simclr"].seeds == [7]
