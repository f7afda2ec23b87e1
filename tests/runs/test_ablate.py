"""`bench ablate`: ordinary runs, none of them twice, and tables that come back from their records."""

import json

import pandas as pd
import pytest

PLUGIN = """
from typing import ClassVar
from methods.simclr import SimCLR

class Mine(SimCLR):
    name = "mine"
    ablations: ClassVar = TABLE
"""


@pytest.fixture
def ablate(bench, phantom_root, tmp_path):
    def call(method, *more):
        return bench(
            "ablate", method, "--data-root", phantom_root, "--results", tmp_path / "results", "--cache",
            tmp_path / "cache", "--device", "cpu", "--set=pretrain.epochs=1", "--set=pretrain.image_size=32",
            "--set=task.image_size=32", *more,
        )  # fmt: skip

    return call


def plugin(tmp_path, table):
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.replace("TABLE", table))
    return ["--plugin", path]


@pytest.mark.slow
def test_ablation_runs_once_and_comes_back_from_its_records(ablate, bench, tmp_path):
    more = [*plugin(tmp_path, "{'hot': {'temperature': 0.9}}"), "--task", "brain_tumor_linear", "--seed", "0"]
    more += ["--against", "random"]
    done = ablate("mine", *more, "--only", "hot", "--only", "hot")
    assert done.code == 0, done.err
    stored = [json.loads(p.read_text()) for p in (tmp_path / "results" / "runs").rglob("*.json")]
    assert sorted((r["method"], r["protocol"], str(r["overrides"].get("method"))) for r in stored) == [
        ("mine", "knn", "None"), ("mine", "knn", "{'temperature': 0.9}"),
        ("mine", "linear", "None"), ("mine", "linear", "{'temperature': 0.9}"),
        ("random", "knn", "None"), ("random", "linear", "None"),
    ]  # fmt: skip
    assert "hot" in done.out
    assert "temperature=0.9" in done.out
    file = tmp_path / "results" / "leaderboard" / "ablation-mine-brain_tumor-phantom-quick.csv"
    assert str(file) in done.out
    assert list(pd.read_csv(file)["setting"]) == ["full", "hot", "random"] * 2
    before = file.read_bytes()
    file.unlink()
    again = ablate("mine", *more)
    assert "6 of 6 runs are already in" in again.err
    assert again.out == done.out
    file.unlink()
    told = bench("ablate", "mine", *more[:4], "--results", tmp_path / "results", "--from-records", "--markdown")
    assert (told.code, told.err) == (0, "")
    assert "| hot | temperature=0.9 |" in told.out
    assert file.read_bytes() == before
    assert json.loads(ablate("mine", *more, "--from-records", "--json").out)["rows"][0]["setting"] == "full"


@pytest.mark.slow
def test_settings_that_come_out_equal_are_run_once(ablate, tmp_path):
    table = "{'same': {'temperature': 0.1}, 'b': {'temperature': 0.9}, 'c': {'temperature': 0.90}}"
    more = [*plugin(tmp_path, table), "--task", "brain_tumor_linear", "--seed", "0", "--protocol", "knn"]
    done = ablate("mine", *more)
    assert done.code == 0, done.err
    assert "same equals full in the profile quick: left out" in done.err
    assert "c equals b in the profile quick: left out" in done.err
    assert len(list((tmp_path / "results" / "runs").rglob("*.json"))) == 2


@pytest.mark.parametrize(
    ("method", "more", "message"),
    [
        (
            "lvmmed",
            ["--only", "without_second_oder"],
            "Unknown ablation 'without_second_oder'. Did you mean",
        ),
        ("simclr", [], "The method 'simclr' declares no ablations. Methods that do: lvmmed."),
        ("lvmed", [], "Unknown method 'lvmed'. Did you mean 'lvmmed'?"),
        ("lvmmed", ["--against", "simclrr"], "Unknown method 'simclrr'. Did you mean 'simclr'?"),
        ("lvmmed", ["--against", "lvmmed"], "--against lvmmed: it is the method that is ablated"),
        ("lvmmed", ["--only", "full"], "Nothing to compare 'full' with"),
        ("lvmmed", ["--set=method.alpha=0.6"], "--set method.alpha, or --config: the ablation 'alpha_0.7' sets it too"),
        ("lvmmed", ["--set=method.alhpa=0.6"], "no setting 'alhpa'. Did you mean 'alpha'?"),
        ("lvmmed", ["--protocol", "kn"], "Unknown protocol 'kn'. Did you mean 'knn'?"),
        ("lvmmed", ["--from-records"], "No ablation of lvmmed on the data set brain_tumor (quick)"),
        ("lvmmed", ["--task", "all"], "bench ablate takes one task"),
        ("lvmmed", ["--task", "brain_tumour"], "Unknown task 'brain_tumour'. Did you mean 'brain_tumor'?"),
    ],
)
def test_bad_input_is_one_error_before_any_work(ablate, tmp_path, method, more, message):
    task = [] if "--task" in more else ["--task", "brain_tumor"]
    done = ablate(method, *task, *more)
    assert (done.code, message in done.err) == (2, True), done.err
    assert done.err.count("Error:") == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("{'full': {'temperature': 1}}", "is called 'full'"),
        (
            "{'a': {'temprature': 1}}",
            "names 'temprature', which is no setting of SimCLRConfig. Did you mean 'temperature'?",
        ),
    ],
)
def test_wrong_declaration_names_the_method(ablate, tmp_path, table, message):
    done = ablate("mine", "--task", "brain_tumor", *plugin(tmp_path, table))
    assert (done.code, message in done.err) == (4, True), done.err


def test_data_root_that_does_not_exist(ablate, bench, tmp_path):
    done = ablate("lvmmed", "--task", "brain_tumor", "--data-root", tmp_path / "nowhere")
    assert (done.code, "does not exist" in done.err) == (3, True)


@pytest.mark.slow
def test_settings_of_a_file_are_those_of_full_and_clash_with_an_ablation(ablate, tmp_path):
    mine = plugin(tmp_path, "{'a': {'temperature': 0.9}}")
    (tmp_path / "mine.toml").write_text("[method.mine]\nweight_decay = 0.125\n[method.simclr]\ntemperature = 0.3\n")
    more = [*mine, "--task", "brain_tumor_linear", "--seed", "0", "--protocol", "knn", "--against", "simclr"]
    done = ablate("mine", *more, f"--config={tmp_path / 'mine.toml'}")
    assert done.code == 0, done.err
    made = [json.loads(file.read_text()) for file in sorted((tmp_path / "results" / "runs").rglob("*.json"))]
    own = sorted(
        (r["method"], r["config"]["method"]["weight_decay"], r["config"]["method"]["temperature"]) for r in made
    )
    assert own == [("mine", 0.125, 0.1), ("mine", 0.125, 0.9), ("simclr", 1e-6, 0.3)]
    assert "weight_decay=0.125" in done.out
    (tmp_path / "clash.toml").write_text("[method.mine]\ntemperature = 0.5\n")
    clash = ablate("mine", *more, f"--config={tmp_path / 'clash.toml'}")
    assert (clash.code, "or --config: the ablation 'a' sets it too" in clash.err) == (2, True)
