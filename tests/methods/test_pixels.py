"""The floor without a network, through the command line."""

import json

import pytest


def records(folder):
    return [json.loads(p.read_text()) for p in (folder / "runs").rglob("*.json")]


def test_it_stands_in_the_table_of_a_frozen_protocol(run, tmp_path):
    done = run("random,pixels", "brain_tumor", "--protocol", "knn,linear", "--seed", "0")
    assert done.code == 0, done.err
    found = {(r["method"], r["protocol"]): r for r in records(tmp_path / "results")}
    assert found.keys() == {(m, p) for m in ("random", "pixels") for p in ("knn", "linear")}
    assert found["pixels", "knn"]["efficiency"]["parameters"] == 0
    assert found["pixels", "linear"]["efficiency"]["parameters"] == 4 * 257
    assert found["pixels", "knn"]["corpus"] is None


def test_it_is_left_out_of_what_trains_and_that_is_said(run, tmp_path):
    done = run("random,pixels", "brain_tumor", "--protocol", "knn,finetune", "--seed", "0", "--set=task.image_size=24")
    assert done.code == 0, done.err
    assert "pixels has no network to train" in done.err
    assert "left out of brain_tumor (finetune)" in done.err
    assert sorted((r["method"], r["protocol"]) for r in records(tmp_path / "results")) == [
        ("pixels", "knn"), ("random", "finetune"), ("random", "knn"),
    ]  # fmt: skip


@pytest.mark.parametrize("task", ["brain_tumor", "drive"])
def test_alone_it_says_what_to_choose(run, task):
    done = run("pixels", task)
    assert done.code == 2
    assert "Choose --protocol of: linear, knn" in done.err
