"""Encoders of timm and torchvision in runs: every kind, recorded with the library's version, stored and read again."""

import json
from urllib.parse import unquote

import pytest

from bench.models.libraries.names import library_version
from bench.results.store import Store


def records(tmp_path):
    found, problems = Store(tmp_path / "results").load()
    assert problems == []
    return found


def test_pretrained_and_probed_with_the_librarys_version_in_the_identity(run, tmp_path):
    names = ("timm:test_convnext", "timm:test_vit4")
    done = run("simclr", "brain_tumor_linear", "--seeds", 1, "--backbone", ",".join(names))
    assert done.code == 0, done.err
    found = records(tmp_path)
    assert {record.backbone for record in found} == set(names)
    for record in found:
        assert record.versions.pretraining[f"backbone {record.backbone}"] == library_version("timm")
    files = [path.name for path in Store(tmp_path / "results").paths()]
    assert not any(":" in name for name in files)
    assert {unquote(name).partition("-linear")[0] for name in files} == set(names)
    again = run("simclr", "brain_tumor_linear", "--seeds", 1, "--backbone", ",".join(names))
    assert "2 of 2 runs are already in" in again.err + again.out
    assert "timm:test_vit4" in (tmp_path / "results" / "leaderboard" / "phantom-quick.csv").read_text()


@pytest.mark.parametrize("backbone", ["timm:test_convnext", "timm:test_vit4", "torchvision:shufflenet_v2_x0_5"])
@pytest.mark.parametrize(("task", "protocol"), [("kvasir_seg", "linear"), ("kvasir_det", "finetune")])
def test_kinds_that_read_feature_maps(bench, tmp_path, backbone, task, protocol):
    done = bench(
        "run", "--method", "random", "--task", task, "--protocol", protocol, "--backbone", backbone, "--seeds", 1,
        "--results", tmp_path / "results", "--cache", tmp_path / "cache", "--set=protocol.epochs=1",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert [record.backbone for record in records(tmp_path)] == [backbone]


def test_a_checkpoint_made_here_says_which_librarys_model_it_is(run, bench, tmp_path):
    assert run("simclr", "brain_tumor_linear", "--seeds", 1, "--backbone", "timm:test_convnext").code == 0
    (encoder,) = (tmp_path / "cache" / "checkpoints" / "simclr").glob("*/encoder.safetensors")
    facts = json.loads(bench("show", encoder, "--json").out)
    assert (facts["backbone"], facts["missing"], facts["dropped"]) == ("timm:test_convnext", [], {})
    done = run("random", "brain_tumor_linear", "--seeds", 1, "--checkpoint", f"mine={encoder}")
    assert done.code == 0, done.err
    assert {(r.method, r.backbone) for r in records(tmp_path) if r.method == "mine"} == {("mine", "timm:test_convnext")}


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["timm:convnext_tiny", "timm:vit_small_patch16_224", "torchvision:densenet121"])
@pytest.mark.parametrize("task", ["brain_tumor_linear", "kvasir_seg", "kvasir_det"])
def test_larger_models_on_all_kinds(bench, tmp_path, backbone, task):
    done = bench(
        "run", "--method", "random", "--task", task, "--backbone", backbone, "--seeds", 1, "--protocol", "linear",
        "--results", tmp_path / "results", "--cache", tmp_path / "cache",
        *([] if task == "brain_tumor_linear" else ["--set=protocol.epochs=1"]),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert [record.backbone for record in records(tmp_path)] == [backbone]


def test_unknown_names_end_before_any_work(run):
    done = run("random", "brain_tumor", "--backbone", "timm:convnxt_atto")
    assert (done.code, "Did you mean 'convnext_atto'" in done.err) == (2, True)
    done = run("random", "brain_tumor", "--backbone", "convnext_atto")
    assert (done.code, "of libraries: timm:NAME, torchvision:NAME" in done.err) == (2, True)
