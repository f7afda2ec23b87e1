"""Logs in wandb: one run for one training, which a resumed one continues."""

import pytest
import torch
from PIL import Image

from bench.engine.logs.place import LogPlace, check_elsewhere
from bench.engine.logs.wandb_run import WandbRun
from bench.engine.seeding import rng_state
from tests.engine.logs import fake_wandb


@pytest.fixture
def place(tmp_path):
    return LogPlace(tmp_path, "simclr", "ab" * 32, ("wandb",), {"method": {"lr": 0.1}})


def logged(place, step):
    run = WandbRun(place, step)
    run.step(step, {"loss": 1.0})
    run.epoch(1, step, {"loss": 2.0})
    run.picture("views", step, Image.new("L", (4, 3)))
    run.close()
    return run


def test_scalars_pictures_and_settings(place, monkeypatch):
    runs = fake_wandb.install(monkeypatch)
    check_elsewhere(["wandb"])
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    before = rng_state()
    assert logged(place, 0).address == "offline-folder"
    after = rng_state()
    assert torch.equal(before.pop("torch"), after.pop("torch"))
    assert before == after
    (run,) = runs
    assert run.logged == [(0, {"loss": 1.0}), (0, {"epoch/loss": 2.0}), (0, {"views": ("image", (4, 3))})]
    assert run.finished
    assert run.options["project"] == "medical-ssl-bench"
    assert (run.options["name"], run.options["config"]) == ("simclr", {"method": {"lr": 0.1}})


def test_a_resumed_training_continues_its_run_and_a_new_one_begins_another(place, monkeypatch):
    runs = fake_wandb.install(monkeypatch)
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    for step in (0, 5, 0):
        logged(place, step)
    first, resumed, new = (run.options for run in runs)
    assert first["id"] == resumed["id"] != new["id"]
    assert (first["resume"], resumed["resume"], new["resume"]) == (None, "allow", None)
    assert first["project"] == "mine"


@pytest.mark.slow
def test_the_real_package_takes_it_offline(place, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    check_elsewhere(["wandb"])
    run = logged(place, 0)
    assert list(place.folder.glob("wandb/offline-run-*/*.wandb"))
    assert str(place.folder) in run.address
