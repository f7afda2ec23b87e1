"""Pretraining on images of one's own: the encoder of a run with that corpus, and one error for each mistake."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

import bench as package
from bench.models.checkpoints import read_encoder
from tests.commands import SMALL


@pytest.fixture
def images(phantom_root, tmp_path):
    """A folder with the training images of the phantom, and a file that is none."""
    shutil.copytree(phantom_root / "brain_tumor" / "Training", tmp_path / "scans")
    (tmp_path / "scans" / "a.dcm").touch()
    return tmp_path / "scans"


def pretrain(bench, tmp_path, *more):
    return bench("pretrain", "--method=simclr", f"--cache={tmp_path / 'cache'}", "--device=cpu", *SMALL[:2], *more)


def test_the_encoder_is_written_and_what_is_not_taken_is_said(bench, images, tmp_path):
    done = pretrain(bench, tmp_path, "--images", images, "--out", tmp_path / "e.safetensors")
    assert done.code == 0, done.err
    assert "scans: 1 file not taken: .dcm 1." in done.err
    assert "none is left out" in done.err
    assert f"--checkpoint NAME={tmp_path / 'e.safetensors'}" in done.out
    (kept,) = (tmp_path / "cache" / "checkpoints" / "simclr").glob("*/encoder.safetensors")
    assert kept.read_bytes() == (tmp_path / "e.safetensors").read_bytes()
    again = pretrain(bench, tmp_path, "--images", images, "--json")
    assert json.loads(again.out) == {"file": str(kept)}
    assert "reusing" not in again.err, "--json prints nothing else"
    assert read_encoder(kept)[1]["corpus"]["label"] == "scans(scans)"


@pytest.mark.parametrize("corpus", ["noise", "list.csv"])
def test_a_run_with_the_folder_as_its_corpus_uses_the_same_encoder(bench, run, tmp_path, corpus):
    (tmp_path / "noise" / "deep").mkdir(parents=True)
    for number in range(8):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "noise" / "deep" / f"{number}.png")
    (tmp_path / "list.csv").write_text("path\nnoise\n")
    assert pretrain(bench, tmp_path, "--images", tmp_path / "noise").code == 0
    done = run("simclr", "brain_tumor_linear", "--seeds", 1, "--corpus", tmp_path / corpus)
    assert done.code == 0, done.err
    assert "reusing the simclr encoder pretrained before" in done.err


@pytest.mark.slow
def test_the_python_call_gives_the_same_encoder(bench, images, tmp_path):
    options = {"settings": {"pretrain": {"epochs": 1, "image_size": 32}}, "device": "cpu", "quiet": True}
    encoder = package.pretrain("simclr", images=images, out=tmp_path / "p.safetensors", cache=tmp_path / "c", **options)
    pretrain(bench, tmp_path, "--images", images, "--out", tmp_path / "e.safetensors")
    other = package.load_encoder(tmp_path / "e.safetensors")
    assert all(torch.equal(v, other.state_dict()[k]) for k, v in encoder.state_dict().items())
    with pytest.raises(package.BenchError, match="either a task, or images"):
        package.pretrain("simclr")
    with pytest.raises(package.BenchError, match="either a task, or images"):
        package.pretrain("simclr", "brain_tumor", out=tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--images", "pool"], 2, "expected a folder of images"),
        (["--images", "none"], 2, "expected pool, task, a folder of images, or a manifest"),
        (["--method=random", "--images", "scans"], 2, "'random' does not pretrain"),
        (["--method=simclr,byol", "--images", "scans"], 2, "Unknown method"),
        (["--images", "scans", "--set=task.image_size=32"], 2, "sections method, pretrain"),
        (["--images", "scans", "--set=pretrain.init=none.pth"], 2, "a file of weights (found 'none.pth')"),
        (["--images", "scans", "--backbone=timm:convnxt_atto"], 2, "Did you mean 'convnext_atto'"),
    ],
)
def test_what_is_wrong_is_said_before_any_image_is_read(bench, images, tmp_path, monkeypatch, more, code, message):
    monkeypatch.chdir(tmp_path)
    done = pretrain(bench, tmp_path, *more)
    assert (done.code, message in done.err) == (code, True), done.err
    assert "not taken" not in done.err


def test_images_that_are_evaluated_on_under_a_root_are_left_out(bench, phantom_root, tmp_path):
    done = pretrain(bench, tmp_path, "--images", phantom_root / "brain_tumor", "--data-root", phantom_root)
    assert done.code == 0, done.err
    assert "images are left out: data sets under" in done.err


def test_a_method_that_masks_patches_says_which_encoders_it_has(bench, images, tmp_path):
    options = (f"--cache={tmp_path / 'cache'}", "--device=cpu", *SMALL[:2], "--images", images)
    done = bench("pretrain", "--method=mae", *options)
    assert done.code == 2
    assert "mae masks patch tokens and needs a vision transformer, which resnet18 is not" in done.err
    assert not list((tmp_path / "cache").glob("checkpoints/*"))
