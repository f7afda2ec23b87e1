"""`bench tune` from end to end on phantoms: resumed, apart from the tables, and its file carried into the records."""

import csv
import importlib.util
import json

import pytest

from bench.core import registry
from bench.core.errors import TrainingError, UsageError
from bench.core.settings import TunedRecord
from bench.results.store import Store
from bench.runs.request import RunRequest
from bench.runs.settings_file import read_settings_files
from bench.runs.tuning import scores as scores_module
from bench.runs.tuning.scores import TrialScore
from bench.runs.tuning.tune import TuneRequest, execute_tuning

SMALL = {"pretrain": {"epochs": 1, "image_size": 32}, "task": {"image_size": 32}}


@pytest.fixture
def tune(phantom_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*methods, trials=2, out=None, **options):
        run = {
            "methods": methods or ("simclr",),
            "tasks": ("brain_tumor_linear",),
            "seeds": (1000,),
            "settings": SMALL,
            "data_root": phantom_root,
            "results": tmp_path / "results",
            "cache": tmp_path / "cache",
            "backbones": ("vit_tiny_8",),
            "device": "cpu",
        }
        sampler = options.pop("sampler", "random")
        return execute_tuning(TuneRequest(RunRequest(**run | options), trials, sampler, out), quiet=True)

    return call


@pytest.fixture
def made(monkeypatch):
    """Every run that is made, in its order."""
    found = []
    whole = scores_module.evaluate

    def evaluate(job, *arguments, **more):
        found.append(job.identity)
        return whole(job, *arguments, **more)

    monkeypatch.setattr(scores_module, "evaluate", evaluate)
    return found


@pytest.mark.slow
def test_a_tuning_that_was_stopped_goes_on_and_gives_the_same(tune, made, monkeypatch, tmp_path):
    whole = scores_module.evaluate

    def stop(job, *arguments, **more):
        if len(made) == 2:
            raise KeyboardInterrupt
        return whole(job, *arguments, **more)

    monkeypatch.setattr(scores_module, "evaluate", stop)
    with pytest.raises(KeyboardInterrupt):
        tune("simclr", "byol")
    assert len(made) == 2
    assert not (tmp_path / "tuned").exists(), "a file of some methods would be no comparison"
    monkeypatch.setattr(scores_module, "evaluate", whole)
    tuning = tune("simclr", "byol")
    assert len(made) == 4, "what was stored is not run again"
    assert tuning.trials.groupby("method").size().to_dict() == {"simclr": 2, "byol": 2}
    before = [file.read_bytes() for file in tuning.files]
    again = tune("simclr", "byol")
    assert len(made) == 4
    assert again.tuned == tuning.tuned
    assert [file.read_bytes() for file in again.files] == before
    assert tune("simclr", trials=3).trials["score"].tolist()[:2] == tuning.trials["score"].tolist()[:2]
    assert len(made) == 5, "more trials add to those that are there"


def test_trials_are_apart_from_tables_and_the_best_is_the_best_on_validation(tune, tmp_path):
    tuning = tune(trials=3, out=tmp_path / "one.toml")
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["tuning"]
    files = [*(tmp_path / "results" / "tuning").rglob("*.*")]
    stored = [TrialScore.model_validate_json(file.read_text()) for file in files]
    assert len(stored) == 3
    assert {(s.seed, s.metric) for s in stored} == {(1000, "accuracy")}
    one = tuning.tuned["simclr"]
    assert one.best == max(s.validation for s in stored) == tuning.trials["score"].max()
    assert (one.trials, one.failed, one.task, one.data_set) == (3, 0, "brain_tumor", "brain_tumor")
    assert one.fixed == {"pretrain.epochs": 1, "pretrain.image_size": 32, "task.image_size": 32}
    found = read_settings_files([tmp_path / "one.toml"])
    assert found.tuned == {"simclr": one}
    assert found.own == {"simclr": {"method": {k.removeprefix("method."): v for k, v in one.chosen.items()}}}
    assert one.space.keys() == one.chosen.keys() == {"method.lr", "method.temperature", "method.weight_decay"}
    assert json.loads(json.dumps(tuning.to_json()))["tuned"]["simclr"]["best"] == one.best
    assert "best of 3 trials (own settings: " in tuning.lines[0]


def test_trials_that_fail_are_counted_and_only_failures_are_an_error(tune, monkeypatch):
    calls = []
    whole = scores_module.evaluate

    def evaluate(job, *arguments, **more):
        calls.append(job)
        if len(calls) != 2:
            raise TrainingError("the loss is not finite")
        return whole(job, *arguments, **more)

    monkeypatch.setattr(scores_module, "evaluate", evaluate)
    tuning = tune()
    assert (tuning.tuned["simclr"].trials, tuning.tuned["simclr"].failed) == (2, 1)
    assert "1 failed (own settings: undefined)" in tuning.lines[0]
    calls.extend([None] * 5)
    monkeypatch.setattr(
        scores_module, "evaluate", lambda *_, **more: (_ for _ in ()).throw(TrainingError("not finite"))
    )
    with pytest.raises(TrainingError, match=r"No trial of byol gave a score. The last one: not finite"):
        tune("byol")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 1}, "give 2 or more"),
        ({"sampler": "tep"}, "Did you mean 'tpe'"),
        ({"tasks": ("brain_tumor", "drive")}, "takes one task, found brain_tumor, drive"),
        ({"tasks": ()}, "takes one task, found none"),
        ({"protocols": ("knn", "linear")}, "takes one protocol"),
        ({"tasks": ("brain_tumr",)}, "Did you mean 'brain_tumor'"),
        ({"methods": ("random",)}, "declares nothing to tune"),
    ],
)
def test_what_is_wrong_is_one_error_before_any_work(tune, made, options, message):
    with pytest.raises(UsageError, match=message):
        tune(**options)
    assert made == []


def test_all_is_every_method_that_declares_a_space(tune, monkeypatch):
    asked = []
    monkeypatch.setattr(scores_module.ValidationScores, "__call__", lambda self, plans: asked.append(plans) or [0.5])
    found = tune("all", settings={"pretrain": {"jitter": [0.4, 0.4, 0.4, 0.1]}})
    declared = {name for name, cls in registry.methods().working().items() if cls.search_space}
    assert set(found.tuned) == declared >= {"simclr", "byol", "dino", "lvmmed", "moco_v2", "swav"}
    assert len(asked) == 2 * len(declared)
    assert read_settings_files(found.files).tuned == found.tuned
    assert found.tuned["dino"].fixed == {"pretrain.jitter": [0.4, 0.4, 0.4, 0.1]}


def test_without_optuna_is_one_error_that_says_what_to_install(tune, made, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optuna" else find(name))
    with pytest.raises(UsageError, match=r"needs the package optuna, which is not installed: pip install 'optuna"):
        tune()
    assert made == []


def test_a_file_that_tune_did_not_write_is_not_overwritten(tune, made, tmp_path):
    (tmp_path / "mine.toml").write_text("[method.simclr]\nlr = 1\n")
    with pytest.raises(UsageError, match=r"mine.toml is there and was not written by bench tune"):
        tune(out=tmp_path / "mine.toml")
    assert made == []


@pytest.fixture
def settings_of(tmp_path):
    """Write a file of tuned settings of SimCLR."""

    def call(**changes):
        fields = {
            "trials": 20, "sampler": "tpe", "sampler_seed": 0, "chosen": {"method.temperature": 0.25},
            "best": 0.5, "metric": "accuracy", "task": "fgadr", "data_set": "fgadr", "data": "phantom",
            "data_fingerprint": "f", "protocol": "knn", "backbone": "resnet18", "profile": "quick", "corpus": "pool",
            "seeds": [1000], "space": {"method.temperature": "0.05 to 0.5 (log)"},
        }  # fmt: skip
        from bench.runs.settings_file import settings_file_text

        one = TunedRecord.model_validate(fields | changes)
        file = tmp_path / "simclr.toml"
        file.write_text(settings_file_text({"simclr": {"method": {"temperature": 0.25}}}, {"simclr": one}))
        return file

    return call


@pytest.fixture
def score(bench, phantom_root, tmp_path):
    """`bench run` on the brain tumour phantom under knn with small settings."""

    def call(methods, *more):
        folders = [f"--data-root={phantom_root}", f"--results={tmp_path / 'results'}", f"--cache={tmp_path / 'cache'}"]
        small = ["--set=pretrain.epochs=1", "--set=pretrain.image_size=32", "--set=task.image_size=32", "--seed=0"]
        chosen = ["--task=brain_tumor", "--protocol=knn", "--backbone=vit_tiny_8", "--device=cpu"]
        return bench("run", f"--method={methods}", *chosen, *small, *folders, *more)

    return call


def run_records(tmp_path):
    return Store(tmp_path / "results").load()[0]


def test_records_and_tables_say_that_settings_were_tuned(score, settings_of, bench, tmp_path):
    done = score("simclr,random", f"--config={settings_of()}")
    assert done.code == 0, done.err
    of = {record.method: record for record in run_records(tmp_path)}
    assert of["simclr"].tuned.trials == 20
    assert of["simclr"].config["method"]["temperature"] == 0.25
    assert of["random"].tuned is None
    assert "tuned" not in done.err
    assert "(tuned: 20 trials on fgadr)" in " ".join(done.out.split())
    table = (tmp_path / "results" / "leaderboard" / "phantom-quick.csv").read_text()
    row = next(row for row in csv.DictReader(table.splitlines()) if row["method"] == "simclr")
    assert (row["tuned"], row["tuned_on_scored"]) == ("20 trials on fgadr", "False")
    assert row["tuned_over"] == "method.temperature 0.05 to 0.5 (log)"
    told = "simclr was tuned: 20 trials on fgadr, over method.temperature 0.05 to 0.5 (log)."
    assert told in bench("leaderboard", "--markdown", f"--results={tmp_path / 'results'}").out


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"data_set": "brain_tumor"}, "were tuned on brain_tumor, which brain_tumor scores"),
        ({"data": "real"}, "were tuned on real data, and these are phantom"),
        ({"seeds": [0, 1]}, "were tuned with the seed 0, which is scored"),
    ],
)
def test_a_tuning_that_touches_what_is_scored_is_marked(score, settings_of, tmp_path, changes, warning):
    done = score("simclr", f"--config={settings_of(**changes)}")
    assert done.code == 0, done.err
    assert done.err.count(warning) == 1
    (record,) = run_records(tmp_path)
    assert any(warning in line for line in record.warnings)
    assert ("the data scored here" in " ".join(done.out.split())) == ("data_set" in changes)


def test_a_setting_that_was_changed_again_is_not_a_tuned_one(score, settings_of, tmp_path):
    done = score("simclr", f"--config={settings_of()}", "--set=method.temperature=0.3")
    assert done.code == 0, done.err
    (record,) = run_records(tmp_path)
    assert record.config["method"]["temperature"] == 0.3
    assert record.tuned is None


def test_a_record_from_before_the_tuning_stays_and_that_is_said(score, settings_of, tmp_path):
    assert score("simclr", "--set=method.temperature=0.25").code == 0
    done = score("simclr", f"--config={settings_of()}")
    assert "1 of 1 runs are already in" in done.err, "how settings were chosen is no part of the identity"
    assert "stored before without saying how they were tuned" in done.err
    (record,) = run_records(tmp_path)
    assert record.tuned is None
