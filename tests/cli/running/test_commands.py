"""Running commands as a user meets them: runs, repeats, interruptions, and one clear error for every bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from bench.results.store import Store
from tests.commands import SMALL

REPOSITORY = Path(__file__).parents[3]


EXAMPLE = REPOSITORY / "docs" / "example_method"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def records(folder: Path) -> list[dict]:
    return [json.loads(p.read_text()) for p in sorted((folder / "runs").rglob("*.json"))]


def test_grid_pretrains_once_per_method_and_seed_and_repeats_nothing(run, tmp_path):
    first = run("simclr,random", "brain_tumor,brain_tumor_linear", "--seed", "0")
    assert first.code == 0, first.err
    assert len(records(tmp_path / "results")) == 4
    (encoder,) = (tmp_path / "cache" / "checkpoints" / "simclr").glob("*/encoder.safetensors")
    assert list((tmp_path / "cache" / "checkpoints").rglob("encoder.safetensors")) == [encoder]
    assert first.err.count(f"  pretrained the simclr encoder: {encoder}\n") == 1, "its path, once"
    assert f"  reusing the simclr encoder pretrained before: {encoder}\n" in first.err
    assert re.search(r"^brain_tumor +finetune +simclr +\(a\) +\d", first.out, re.MULTILINE), first.out
    assert str(tmp_path / "results" / "leaderboard" / "phantom-quick.csv") in first.out
    before = tree(tmp_path / "results")
    again = run("simclr,random", "brain_tumor,brain_tumor_linear", "--seed", "0")
    assert "Nothing to run" in again.out
    assert "4 of 4 runs are already in" in again.err
    assert tree(tmp_path / "results") == before


def test_record_says_what_was_run(run, tmp_path):
    assert run("lvmmed", "brain_tumor", "--seed", "1", "--set=method.alpha=0.7").code == 0
    (record,) = records(tmp_path / "results")
    assert record["data"] == "phantom"
    assert record["config"]["method"]["alpha"] == 0.7
    assert record["overrides"]["method"] == {"alpha": 0.7}
    assert record["corpus"]["label"] == "pool(brain_tumor)"
    assert record["corpus"]["excluded"] > 0
    assert record["duplicates"]["n_groups"] == 4
    duplicates = json.loads((tmp_path / "results" / record["duplicates"]["file"]).read_text())
    affected = duplicates["affected_test_cases"]
    assert len(affected) == record["duplicates"]["n_affected_test_cases"] == 2
    store = Store(tmp_path / "results")
    cases = store.cases(store.load()[0][0])
    kept = cases[~cases["case"].isin(affected)]
    hits = [row.prediction.argmax() == row.target for row in kept.itertuples()]
    assert record["metrics_without_duplicates"]["accuracy"] == pytest.approx(sum(hits) / len(hits))
    assert record["cost"]["pretrain"]["seconds"] > 0
    assert record["cost"]["adapt"]["peak_memory_mib"] > 0
    assert set(record["provenance"]["versions"]) >= {"torch", "lightly", "medical-ssl-bench"}
    split = pd.read_csv(tmp_path / "results" / record["split"]["file"])
    assert split["split"].value_counts().to_dict() == {k: record["split"][k] for k in ("train", "validation", "test")}
    assert str(tmp_path) not in json.dumps(record), "records hold no paths of the machine"


def test_one_seed_alone_equals_the_same_seed_in_a_series(run, tmp_path):
    assert run("random", "brain_tumor", "--seeds", "2").code == 0
    series = [r for r in records(tmp_path / "results") if r["seed"] == 1]
    shutil.rmtree(tmp_path / "results")
    assert run("random", "brain_tumor", "--seed", "1").code == 0
    alone = records(tmp_path / "results")
    assert [r["cases"] for r in alone] == [r["cases"] for r in series]
    assert [r["identity"] for r in alone] == [r["identity"] for r in series]


def test_any_changed_setting_is_a_new_run(run, tmp_path):
    run("random", "brain_tumor_linear", "--seed", "0")
    run("random", "brain_tumor_linear", "--seed", "0", "--set=protocol.regularisations=[1]")
    run("random", "brain_tumor_linear", "--seed", "0", "--set=pretrain.epochs=9")  # means nothing to `random`
    found = records(tmp_path / "results")
    assert len({r["identity"] for r in found}) == len(found) == 2


def test_json_output_is_one_document(run):
    done = run("random", "brain_tumor_linear", "--seed", "0", "--json")
    summary = json.loads(done.out)
    assert summary["made"] == 1
    assert summary["runs"][0]["metrics"]["accuracy"] == pytest.approx(summary["leaderboard"][0]["mean"])
    assert done.err == ""


def move_root(phantom_root, tmp_path, where):
    root = tmp_path / "data"
    shutil.copytree(phantom_root, root)
    return {"low": root / "brain_tumor", "lower": root / "brain_tumor" / "Training", "high": tmp_path, "ok": root}[
        where
    ]


@pytest.mark.parametrize(
    ("where", "message"),
    [("low", "one level too low"), ("lower", "lies inside the data set's folder"), ("high", "one level too high")],
)
def test_data_root_at_the_wrong_level(run, phantom_root, tmp_path, where, message):
    done = run("random", "brain_tumor", root=move_root(phantom_root, tmp_path, where))
    assert (done.code, message in done.err) == (3, True), done.err
    assert f"--data-root {tmp_path / 'data'}" in done.err
    assert not (tmp_path / "results").exists()


def test_data_root_missing_or_empty(run, tmp_path):
    assert "does not exist" in run("random", "brain_tumor", root=tmp_path / "nowhere").err
    (tmp_path / "empty").mkdir()
    done = run("random", "brain_tumor", root=tmp_path / "empty")
    assert (done.code, "is empty" in done.err) == (3, True)


@pytest.mark.parametrize("method", ["random", "simclr"])
def test_truncated_image_is_named_and_results_stay_untouched(run, phantom_root, tmp_path, method):
    root = move_root(phantom_root, tmp_path, "ok")
    victim = sorted((root / "brain_tumor" / "Training" / "no_tumor").iterdir())[0]
    victim.write_bytes(victim.read_bytes()[:400])
    done = run(method, "brain_tumor_linear", "--seed", "0", root=root)
    assert done.code == 3
    assert f"{victim}: cannot be decoded" in done.err
    assert not (tmp_path / "results").exists()


def test_missing_and_empty_class_folder_and_wrong_counts(run, whole_phantom_root, tmp_path):
    root = move_root(whole_phantom_root, tmp_path, "ok")
    folder = root / "brain_tumor" / "Training" / "no_tumor"
    (sorted(folder.iterdir())[0]).unlink()
    done = run("random", "brain_tumor_linear", "--seed", "0", root=root)
    assert done.code == 0
    assert "train/no_tumor has 49 cases; 50 were expected" in done.err
    assert "49 cases; 50" in records(tmp_path / "results")[0]["warnings"][0]
    before = tree(tmp_path / "results")
    for file in folder.iterdir():
        file.unlink()
    assert str(folder) in run("random", "brain_tumor_linear", "--seed", "0", root=root).err
    folder.rmdir()
    done = run("random", "brain_tumor_linear", "--seed", "0", root=root)
    assert (done.code, "no_tumor" in done.err) == (3, True)
    assert tree(tmp_path / "results") == before


def test_results_folder_that_is_a_file(run, tmp_path):
    (tmp_path / "results").write_text("mine")
    done = run("random", "brain_tumor", "--seed", "0")
    assert (done.code, "Name another folder" in done.err) == (6, True)
    assert (tmp_path / "results").read_text() == "mine"


def test_full_disk_while_storing_keeps_what_was_there(run, tmp_path, monkeypatch):
    assert run("random", "brain_tumor_linear", "--seed", "0").code == 0
    before = tree(tmp_path / "results")
    real = os.fsync

    def full(descriptor):
        if ".json" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    done = run("random", "brain_tumor_linear", "--seeds", "2")
    assert (done.code, "No space left on device" in done.err) == (6, True)
    kept = {k: v for k, v in tree(tmp_path / "results").items() if not k.startswith("splits/")}
    assert kept == {k: v for k, v in before.items() if not k.startswith("splits/")}


def test_loss_that_is_not_finite_scores_nothing(run, tmp_path):
    done = run("simclr", "brain_tumor", "--seed", "0", "--set=method.lr=1e30", "--set=pretrain.epochs=4")
    assert (done.code, "is not finite at step" in done.err) == (5, True), done.err
    assert not (tmp_path / "results").exists()


def test_plugin_file_without_the_required_attributes(run, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from bench.core.method import Method\nclass Mine(Method):\n    name = 'mine'\n")
    done = run("mine", "brain_tumor", "--plugin", path)
    assert done.code == 4
    assert "lacks title, citation, build(), loss(), view_transform()" in done.err
    assert not (tmp_path / "results").exists()


def test_plugin_file_runs(run, tmp_path):
    done = run("my_vicreg", "brain_tumor_linear", "--seed", "0", "--plugin", EXAMPLE / "vicreg_method.py")
    assert done.code == 0, done.err
    assert [r["method"] for r in records(tmp_path / "results")] == ["my_vicreg"]
    assert len((EXAMPLE / "vicreg_method.py").read_text().splitlines()) <= 40


def process(*arguments, **environment):
    return [sys.executable, "-m", "bench", *map(str, arguments)], {**os.environ, "OMP_NUM_THREADS": "1", **environment}


@pytest.mark.slow
def test_plugin_of_an_installed_package_runs(phantom_root, tmp_path):
    source = shutil.copytree(EXAMPLE, tmp_path / "source")
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
    subprocess.run([*uv, "--no-deps", "--no-build-isolation", "--target", tmp_path / "site", source], check=True)
    command, environment = process(
        "run", "-m", "my_vicreg", "-t", "brain_tumor_linear", "--seed", "0", "--data-root", phantom_root,
        "--results", tmp_path / "r", "--cache", tmp_path / "c", *SMALL, PYTHONPATH=str(tmp_path / "site"),
    )  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "protocol linear, backbone resnet18" in " ".join(done.stdout.split())
    assert re.search(r"^my_vicreg ", done.stdout, re.MULTILINE)
    listing = subprocess.run(process("list", "methods")[0], env=environment, capture_output=True, text=True, check=True)
    assert re.search(r"^my_vicreg +vicreg_method:VICReg \(bench-vicreg\)$", listing.stdout, re.MULTILINE)


STILL = """
import time
from pathlib import Path

from methods.simclr import SimCLR


class Still(SimCLR):
    name = "still"

    def after_step(self, module, progress):
        waits = Path(__file__).with_name("waits")
        if progress.epoch == 1 and not waits.exists():
            waits.touch()
            time.sleep(300)
"""


"""A method that stands still after the first step of its second epoch, the first time."""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted_run_leaves_results_alone_and_continues(bench, phantom_root, tmp_path, number):
    plugin = tmp_path / "still.py"
    plugin.write_text(STILL)
    arguments = (
        "run", "-m", "still", "--plugin", plugin, "-t", "brain_tumor_linear", "--seed", "0",
        "--data-root", phantom_root, "--results", tmp_path / "r", "--cache", tmp_path / "c", "--device", "cpu",
        *SMALL, "--set=pretrain.epochs=2",
    )  # fmt: skip
    command, environment = process(*arguments)
    before = signal.signal(number, signal.SIG_DFL)  # tests in a shell's background inherit that SIGINT is ignored
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    signal.signal(number, before)
    deadline = time.monotonic() + 200
    while not (tmp_path / "waits").exists():
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    running.send_signal(number)
    _, err = running.communicate(timeout=100)
    assert running.returncode == 130, err
    assert "Interrupted" in err
    assert not (tmp_path / "r").exists()
    again = bench(*arguments)
    assert again.code == 0, again.err
    assert "resuming still at epoch 1 of 2" in again.err
    assert [r["method"] for r in records(tmp_path / "r")] == ["still"]


@pytest.mark.slow
def test_tune_writes_a_file_that_run_takes(bench, phantom_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = [f"--data-root={phantom_root}", f"--cache={tmp_path / 'cache'}", "--backbone=vit_tiny_8"]
    small = ["--set=pretrain.epochs=1", "--set=pretrain.image_size=32", "--set=task.image_size=32"]
    tune = ["tune", "simclr,byol", "--task=brain_tumor_linear", "--trials=2", *places, *small]
    done = bench(*tune)
    assert done.code == 0, done.err
    assert done.out.count("best of 2 trials") == 2
    assert "Settings: tuned/simclr.toml" in done.out
    assert "trial 2 of 2 of byol: method.lr=" in done.err
    scores = [json.loads(file.read_text()) for file in (tmp_path / "results" / "tuning").glob("*/*.json")]
    assert [(one["seed"], one["metric"]) for one in scores] == 4 * [(1000, "accuracy")]
    assert not (tmp_path / "results" / "runs").exists(), "no record, and no score on test"
    again = json.loads(bench(*tune, "--json").out)
    assert [t["trial"] for t in again["trials"]] == [0, 1, 0, 1]
    assert again["tuned"]["byol"]["trials"] == 2
    config = [f"--config=tuned/{method}.toml" for method in ("simclr", "byol")]
    run = ["--task=brain_tumor", "--protocol=knn", "--seed=0", *places, *small, *config]
    scored = bench("run", "--method=simclr,byol", *run)
    assert scored.code == 0, scored.err
    assert [r["tuned"]["trials"] for r in records(tmp_path / "results")] == [2, 2]
    assert scored.err.count("which brain_tumor scores") == 2


def test_tune_refuses_what_it_cannot_do(bench):
    done = bench("tune", "random", "--task=brain_tumor")
    assert (done.code, "declares nothing to tune" in done.err) == (2, True)
    assert bench("tune", "simclr", "--task=brain_tumor", "--sampler=grid").code == 2
    done = bench("run", "--method=simclr", "--task=brain_tumor", "--config=nowhere.toml")
    assert (done.code, "nowhere.toml" in done.err) == (2, True)
