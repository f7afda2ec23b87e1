"""Weights as contestants from the command line: runs, records, tables, and one clear error for every bad input."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
import torchvision

from bench.models.build import build_backbone
from bench.models.checkpoints import save_encoder

SMALL = ("--set=task.image_size=32", "--seed", "0", "--device", "cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """ResNet-18 of torchvision, packed as MoCo does, and a small transformer of this harness."""
    path = tmp_path_factory.mktemp("files")
    torch.manual_seed(5)
    state = torchvision.models.resnet18(weights=None).state_dict()
    torch.save({"state_dict": {f"module.encoder_q.{k}": v for k, v in state.items()}}, path / "moco.pth.tar")
    provenance = {"method": "dino", "backbone": "vit_tiny_8", "seed": 0, "corpus": {"label": "pool(drive)"}}
    save_encoder(path / "tiny.safetensors", build_backbone("vit_tiny_8"), provenance)
    (path / "weights.toml").write_text('moco_r18 = "moco.pth.tar"\n')
    return path


@pytest.fixture
def run(bench, phantom_root, tmp_path):
    def call(*options, task="brain_tumor_linear"):
        return bench(
            "run", "-t", task, "--data-root", phantom_root, "--results", tmp_path / "r", "--cache", tmp_path / "c",
            *SMALL, *options,
        )  # fmt: skip

    return call


def records(results: Path) -> dict[str, dict]:
    found = [json.loads(p.read_text()) for p in sorted((results / "runs").rglob("*.json"))]
    return {r["method"]: r for r in found}


def test_weights_stand_beside_methods_on_the_leaderboard(run, folder, tmp_path):
    done = run("--checkpoint", folder / "weights.toml", "-m", "random")
    assert done.code == 0, done.err
    assert (
        "moco_r18: moco.pth.tar (moco, torchvision_resnet): 120 tensors match resnet18; heads dropped: fc (2)"
        in done.err
    )
    found = records(tmp_path / "r")
    weights = found["moco_r18"]["weights"]
    assert (weights["format"], weights["matched"], weights["missing"]) == ("moco", 120, [])
    assert weights["rules"] == ["take state_dict", "strip module.encoder_q."]
    assert weights["probe"]["relative_distance"] > 0.1
    assert found["moco_r18"]["corpus"] is None
    assert any("overlap with the test images cannot be checked" in w for w in found["moco_r18"]["warnings"])
    assert str(folder) not in json.dumps(found["moco_r18"])
    assert found["random"]["weights"] is None
    assert found["random"]["cases"] != found["moco_r18"]["cases"]
    board = pd.read_csv(tmp_path / "r" / "leaderboard" / "phantom-quick.csv")
    assert set(board["method"]) == {"moco_r18", "random"}
    again = run("--checkpoint", f"moco_r18={folder / 'moco.pth.tar'}")
    assert "Nothing to run" in again.out, "the same file under the same name is the same run"


def test_backbone_follows_the_file(run, folder, tmp_path):
    done = run("--checkpoint", folder / "tiny.safetensors", "-m", "random")
    assert done.code == 0, done.err
    found = records(tmp_path / "r")
    assert {r["backbone"] for r in found.values()} == {"vit_tiny_8"}
    assert "dino pretrained on pool(drive)" in found["tiny"]["weights"]["corpus"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 2, "No method given"),
        (["--checkpoint", "FOLDER/none.pth"], 2, "none.pth: no such file"),
        (["--checkpoint", "FOLDER/none.toml"], 2, "none.toml: cannot be read: No such file"),
        (["--checkpoint", "random=FOLDER/moco.pth.tar"], 2, "the name 'random' is a method's"),
        (["--checkpoint", "FOLDER/moco.pth.tar", "-m", "simclrr"], 2, "Did you mean 'simclr'"),
        (["--checkpoint", "FOLDER/moco.pth.tar", "--backbone", "resnet50"], 6, "It fits resnet18 best: name that one"),
        (["--checkpoint", "FOLDER/tiny.safetensors", "--backbone", "resnet50"], 2, "says that it is vit_tiny_8"),
        (
            ["--checkpoint", "FOLDER/moco.pth.tar", "--backbone", "resnet50,vit_b_16"],
            2,
            "are of the backbone resnet18, and --backbone names resnet50, vit_b_16",
        ),
        (["--checkpoint", "FOLDER/moco.pth.tar", "--backbone", "resnet5"], 2, "Unknown backbone 'resnet5'"),
        (["--checkpoint", "imagenet"], 6, "resnet18-f37072fd.pth does not exist. Nothing is downloaded here"),
        (["--checkpoint", "imagenet", "--backbone", "resnet18,resnet50"], 2, "--checkpoint imagenet-resnet50=imagenet"),
        (["--checkpoint", "FOLDER/weights.toml", "--set=method.sha256=0"], 2, "sha256"),
    ],
)
def test_bad_input_is_one_error_and_touches_nothing(run, folder, tmp_path, monkeypatch, options, code, message):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    done = run(*(o.replace("FOLDER", str(folder)) for o in options))
    assert done.code == code, done.err
    assert message in done.err
    assert done.err.count("Error:") == 1
    assert "Traceback" not in done.err
    assert not (tmp_path / "r").exists()


def test_formats_files_and_backbones_are_described(bench, folder):
    assert "moco" in bench("list", "formats").out
    assert "module.encoder_q." in bench("show", "moco").out
    assert "768 at 16" in bench("show", "vit_b_16").out
    facts = json.loads(bench("show", folder / "moco.pth.tar", "--json").out)
    assert (facts["backbone"], facts["matched"], facts["dropped"]) == ("resnet18", 120, {"fc": 2})
    assert facts["probe"]["relative_distance"] > 0.1
    assert bench("show", folder / "weights.toml").code == 6


def test_segmentation_with_a_transformer(bench, tmp_path):
    done = bench(
        "run", "-m", "random", "-t", "drive", "--backbone", "vit_tiny_8", "--results", tmp_path / "r", "--cache",
        tmp_path / "c", *SMALL, "--set=protocol.epochs=2", "--set=task.architecture=transunet", "--protocol", "linear",
    )  # fmt: skip
    assert done.code == 0, done.err
    (record,) = records(tmp_path / "r").values()
    assert record["config"]["task"]["architecture"] == "transunet"
    assert 0 <= record["metrics"]["dice"] <= 1
