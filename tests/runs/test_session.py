"""A command before its runs: names are checked, and without a data root there are phantoms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SMALL = [
    "--set=pretrain.epochs=1",
    "--set=pretrain.image_size=32",
    "--set=task.image_size=32",
    "--set=protocol.epochs=1",
]


@pytest.fixture
def run(bench, phantom_root, tmp_path):
    """`bench run` on the phantom with small settings, a results folder and a cache of its own."""

    def call(method, task, *more, root=phantom_root):
        return bench(
            "run", "--method", method, "--task", task, "--data-root", root, "--results", tmp_path / "results",
            "--cache", tmp_path / "cache", "--device", "cpu", *SMALL, *more,
        )  # fmt: skip

    return call


def records(folder: Path) -> list[dict]:
    return [json.loads(p.read_text()) for p in sorted((folder / "runs").rglob("*.json"))]


def test_without_a_data_root_it_says_so_and_runs_on_the_phantom(bench, tmp_path):
    done = bench(
        "run", "-m", "random", "-t", "brain_tumor_linear", "--seed", "0", "--results", tmp_path / "r",
        "--cache", tmp_path / "c", *SMALL,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "No data root is configured" in done.err
    assert [r["data"] for r in records(tmp_path / "r")] == ["phantom"]


@pytest.mark.parametrize(
    ("method", "task", "more", "code", "message"),
    [
        ("lvmmde", "brain_tumor", [], 2, "Unknown method 'lvmmde'. Did you mean 'lvmmed'?"),
        ("random", "brain_tumour", [], 2, "Unknown task 'brain_tumour'. Did you mean 'brain_tumor'?"),
        ("random", "brain_tumor", ["--set=protocol.epoch=1"], 2, "no setting 'epoch'. Did you mean 'epochs'?"),
        ("random", "brain_tumor", ["--profile", "papr"], 2, "Unknown profile 'papr'. Did you mean 'paper'?"),
        ("random", "brain_tumor", ["--backbone", "resnet20"], 2, "Unknown backbone 'resnet20'."),
        ("random", "brain_tumor", ["--device", "gpu"], 2, "Unknown device 'gpu'"),
        ("simclr", "brain_tumor", ["--corpus", "pol"], 2, "--corpus 'pol': expected pool, task, or a manifest"),
        ("simclr", "brain_tumor", ["--corpus", "none.csv"], 2, "none.csv: no such file"),
        ("simclr", "brain_tumor", ["--set=pretrain.init=imagenet"], 6, "Nothing is downloaded here"),
    ],
)
def test_wrong_usage(run, tmp_path, monkeypatch, method, task, more, code, message):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    done = run(method, task, *more)
    assert done.code == code
    assert message in done.err
    assert done.err.count("Error:") == 1
    assert "Traceback" not in done.err
    assert not (tmp_path / "results").exists()
