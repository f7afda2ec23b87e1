"""Protocols through the plan and the command line; what was stored before there were several is still found."""

import json
import re

import pandas as pd
import pytest

from bench.evaluation import embeddings

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
    real = embeddings._embed
    monkeypatch.setattr(embeddings, "_embed", lambda *a: (embedded.append(a[3]), real(*a))[1])
    both = ("--protocol", "linear", "--protocol", "knn", "--set=protocol.regularisations=[0.1,1]", "--method", "simclr")
    assert run(*both).code == 0
    assert embedded == ["train", "validation", "test"]
    together = stored(tmp_path / "results")
    assert set(together["linear"]["selection"]) == {"regularisation", "validation_accuracy"}
    assert [one["regularisation"] for one in together["linear"]["sweep"]] == [0.1, 1]
    assert set(together["knn"]["selection"]) == {"neighbours", "validation_accuracy"}
    assert [one["neighbours"] for one in together["knn"]["sweep"]] == [1, 5, 10, 20, 50]
    best = max(one["validation"] for one in together["knn"]["sweep"])
    assert together["knn"]["selection"]["validation_accuracy"] == best
    assert together["knn"]["config"]["protocol"] == {"neighbours": None, "temperature": 0.07}
    assert together["linear"]["embedding"] == together["knn"]["embedding"]
    assert together["knn"]["embedding"]["effective_rank"] > 1
    assert together["knn"]["overrides"].keys() == {"pretrain", "task"}, "the penalties concern `linear` alone"
    assert set(together["knn"]["logged"]) >= {"loss", "lr"}
    for protocol in ("knn", "linear"):
        more = ["--set=protocol.regularisations=[0.1,1]"] if protocol == "linear" else []
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
        (["--protocol", "mlp", "--set=protocol.hidden=[8]"], "protocol.hidden.1: Field required"),
        (["--protocol", "mlp", "--set=protocol.hidden=[8,0]"], "a hidden layer needs at least one unit"),
        (["--protocol", "few_shot", "--set=protocol.fraction=2"], "less than or equal to 1"),
        (["--protocol", "few_shot_5pct", "--set=protocol.per_class=2"], "set fraction or per_class, not both"),
        (["--protocol", "kn"], "Unknown protocol 'kn'. Did you mean 'knn'?"),
    ],
)
def test_bad_input(run, tmp_path, arguments, message):
    done = run("--method", "random", "--protocol", "knn", *arguments)
    assert (done.code, message in done.err) == (2, True), done.err
    assert done.err.count("Error:") == 1
    assert not (tmp_path / "results").exists()


POOLED = ("linear", "knn", "mlp", "few_shot", "few_shot_1pct")


def test_every_frozen_protocol_of_a_checkpoint_shares_its_embeddings_and_says_what_it_cost(run, tmp_path, monkeypatch):
    made = []
    real = embeddings._embed
    monkeypatch.setattr(embeddings, "_embed", lambda *a: (made.append(a[3]), real(*a))[1])
    every = ("--method", "random", "--protocol", ",".join((*POOLED, "mlp_finetune")))
    small = ("--set=protocol.epochs=1", "--set=protocol.hidden=[16,8]", "--set=protocol.per_class=3")
    assert run(*every, *small).code == 2, "few_shot_1pct has a fraction"
    assert run(*every, *small[:2], "--set=protocol.draws=2").code == 0
    assert made == ["train", "validation", "test"]
    found = stored(tmp_path / "results")
    sizes = {name: found[name]["efficiency"]["trained_parameters"] for name in found}
    encoder = found["knn"]["efficiency"]["parameters"]
    mlp = 512 * 16 + 16 + 16 * 8 + 8 + 8 * 4 + 4
    linear = 512 * 4 + 4
    expected = dict.fromkeys(("linear", "few_shot", "few_shot_1pct"), linear)
    assert sizes == expected | {"knn": 0, "mlp": mlp, "mlp_finetune": encoder + mlp}
    assert len({found[name]["cost"]["embed"]["seconds"] for name in POOLED}) == 1
    assert "embed" not in found["mlp_finetune"]["cost"]
    for name, record in found.items():
        facts = record["efficiency"]
        stages = [record["cost"][s]["seconds"] for s in ("embed", "adapt") if s in record["cost"]]
        assert facts["adapt_seconds"] == pytest.approx(sum(stages), abs=2e-3)
        assert facts["gflops_per_image"] == pytest.approx(found["knn"]["efficiency"]["gflops_per_image"], rel=1e-3), (
            name
        )
        assert min(facts["images_per_second"], facts["peak_memory_mib"]) > 0
        assert record["config"]["protocol"].get("hidden", [16, 8]) == [16, 8]


def test_few_shot_records_its_draws_and_is_their_mean(run, tmp_path):
    assert run("--method", "random", "--protocol", "few_shot", "--set=protocol.per_class=2").code == 0
    record = stored(tmp_path / "results")["few_shot"]
    draws = record["draws"]
    assert len(draws) == 3
    split = pd.read_csv(tmp_path / "results" / record["split"]["file"]).set_index("case")["split"]
    labelled = pd.read_csv(tmp_path / "results" / record["labelled"]["file"])
    assert [draw["labelled"] for draw in draws] == labelled.groupby("draw").size().to_list() == [8, 8, 8]
    assert set(split[labelled["case"]]) == {"train"}
    for metric, value in record["metrics"].items():
        scores = [draw["metrics"][metric] for draw in draws]
        assert value == pytest.approx(sum(scores) / 3)
    assert record["config"]["protocol"]["fraction"] is None
    assert record["selection"].keys() == {"validation_accuracy"}
    assert not re.search(r"\b2 of 2\b", run("--method", "random", "--protocol", "few_shot,few_shot_5pct").err)


def test_setting_of_no_protocol_is_an_error_with_several(run):
    done = run("--method", "random", "--protocol", "linear,knn", "--set=protocol.regularisation=3")
    assert (done.code, "has no setting 'regularisation'. Did you mean 'regularisations'?" in done.err) == (2, True), (
        done.err
    )


def test_knn_and_its_settings_are_described(bench):
    assert "knn" in bench("list", "protocols").out
    text = bench("show", "knn").out
    assert "neighbours: unset" in text
    assert "temperature: 0.07" in text
    assert "fraction: 0.01" in bench("show", "few_shot_1pct").out.split("set by this protocol")[1]
    assert "hidden: [512,256]" in bench("show", "mlp").out
