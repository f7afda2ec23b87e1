"""Protocols through the plan and the command line; what was stored before there were several is still found."""

import json
from pathlib import Path

import pytest

from bench import adapt, runner
from bench.config import resolve_config
from bench.errors import UsageError
from bench.identity import digest
from bench.plan import make_plan
from bench.pretrain import Compute
from bench.progress import Report
from bench.registry import tasks
from bench.resolved import Options, resolve
from bench.store import Store
from bench.world import World

RESULTS = Path(__file__).parents[1] / "results"
SMALL = ["--set=pretrain.epochs=1", "--set=pretrain.image_size=32", "--set=task.image_size=32"]


@pytest.fixture
def run(bench, phantom_root, tmp_path):
    def call(*arguments, results="results"):
        return bench(
            "run", "--task", "brain_tumor", "--seed", "0", "--data-root", phantom_root, "--cache", tmp_path / "cache",
            "--results", tmp_path / results, "--device", "cpu", *SMALL, *arguments,
        )  # fmt: skip

    return call


def stored(folder):
    return {r["protocol"]: r for r in (json.loads(p.read_text()) for p in (folder / "runs").rglob("*.json"))}


def test_linear_and_knn_embed_once_and_score_as_they_do_alone(run, tmp_path, monkeypatch):
    embedded = []
    for module in (adapt, runner):
        real = module.embed_splits
        monkeypatch.setattr(module, "embed_splits", lambda *a, real=real: (embedded.append(1), real(*a))[1])
    both = ("--protocol", "linear", "--protocol", "knn", "--set=protocol.epochs=2", "--method", "simclr")
    assert run(*both).code == 0
    assert len(embedded) == 1
    together = stored(tmp_path / "results")
    assert "epoch" in together["linear"]["selection"]
    assert set(together["knn"]["selection"]) == {"validation_accuracy"}
    assert together["knn"]["config"]["protocol"] == {"neighbours": 20, "temperature": 0.07}
    assert together["knn"]["overrides"].keys() == {"pretrain", "task"}, "protocol.epochs concerns `linear` alone"
    assert set(together["knn"]["logged"]) >= {"loss", "lr"}
    for protocol in ("knn", "linear"):
        more = ["--set=protocol.epochs=2"] if protocol == "linear" else []
        assert run("--method", "simclr", "--protocol", protocol, *more, results=protocol).code == 0
        alone = stored(tmp_path / protocol)[protocol]
        assert alone["identity"] == together[protocol]["identity"]
        assert alone["cases"] == together[protocol]["cases"]
    assert "2 of 2 runs are already in" in run(*both).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--set=protocol.epochs=3"],
            "protocol 'knn' has no setting 'epochs'. Valid keys of protocol: neighbours",
        ),
        (["--set=protocol.neigbours=3"], "no setting 'neigbours'. Did you mean 'neighbours'?"),
        (["--set=protocol.neighbours=0"], "protocol.neighbours: Input should be greater than or equal to 1"),
        (["--protocol", "kn"], "Unknown protocol 'kn'. Did you mean 'knn'?"),
    ],
)
def test_bad_input(run, tmp_path, arguments, message):
    done = run("--method", "random", "--protocol", "knn", *arguments)
    assert (done.code, message in done.err) == (2, True), done.err
    assert done.err.count("Error:") == 1
    assert not (tmp_path / "results").exists()


def test_setting_of_no_protocol_is_an_error_with_several(run):
    done = run("--method", "random", "--protocol", "linear,knn", "--set=protocol.epoch=3")
    assert (done.code, "has no setting 'epoch'. Did you mean 'epochs'?" in done.err) == (2, True), done.err


def test_kind_that_reads_feature_maps_has_no_vote(monkeypatch):
    from tasks.kinds.classification import Classification

    monkeypatch.setattr(Classification, "pooled_only", False)
    with pytest.raises(UsageError, match=r"'knn' does not apply to the task 'brain_tumor'.*of this task: linear, fine"):
        make_plan("random", "brain_tumor", "knn", None, (0,), "quick")


def test_tasks_of_one_data_set_share_the_runs_of_a_protocol_that_is_no_tasks_own():
    runs, merged = make_plan("random", "brain_tumor_linear,brain_tumor", "knn", None, (0,), "quick")
    assert [(r.task.name, r.protocol) for r in runs] == [("brain_tumor", "knn")]
    assert "brain_tumor_linear with protocol knn is the task brain_tumor" in merged


def test_paper_profile_gives_a_vote_no_settings_of_training():
    resolved = resolve_config("simclr", tasks().get("brain_tumor"), "knn", "paper", "resnet50", {})
    assert resolved.protocol.model_dump() == {"neighbours": 20, "temperature": 0.07}
    assert resolved.task["image_size"] == 224


def test_knn_and_its_settings_are_described(bench):
    assert "knn" in bench("list", "protocols").out
    text = bench("show", "knn").out
    assert "neighbours: 20" in text
    assert "temperature: 0.07" in text


def committed():
    return [r for r in Store(RESULTS).load()[0] if r.data == "real"]


def test_settings_of_committed_protocols_resolve_as_they_were_recorded():
    for record in committed():
        set_ = {"protocol": record.overrides.get("protocol", {})}
        task = tasks().get(record.task)
        now = resolve_config(record.method, task, record.protocol, record.profile, record.backbone, set_)
        assert now.protocol.model_dump() == record.config["protocol"]


@pytest.mark.real_data
def test_committed_records_are_found_again(real_root, tmp_path):
    """Every committed record whose source code is unchanged has the identity that the same run has now."""
    (tmp_path / "brain_tumor").symlink_to(real_root / "brain_tumor")
    world = World(tmp_path, Report(quiet=True))
    checked = 0
    for record in (r for r in committed() if r.data_set == "brain_tumor"):
        plan, _ = make_plan(
            record.method, record.task, record.protocol, record.backbone, (record.seed,), record.profile,
            record.overrides,
        )  # fmt: skip
        options = Options(record.profile, "pool", tmp_path, tmp_path, Compute("cpu"))
        run = resolve(plan[0], options, world)
        if run.hashes["code"] == record.hashes["code"]:
            assert (run.identity, run.hashes) == (record.identity, record.hashes), record.method
            assert digest(run.config.model_dump()) == record.hashes["config"]
            checked += 1
    if not checked:
        pytest.skip("the source of every method, or of the harness's loops, changed since the records were committed")
