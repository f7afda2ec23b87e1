"""The pretraining loop: exact resume, clear stops, checkpoints that say what they are."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch.utils._pytree import tree_leaves

from bench.core.console import Report
from bench.core.errors import StorageError, TrainingError
from bench.core.registry import methods
from bench.engine import resume
from bench.engine.compute import Compute
from bench.engine.resume import StateFile
from bench.engine.seeding import seed_all
from bench.models.build import build_backbone
from bench.models.checkpoints import find_encoder, load_encoder, read_encoder
from bench.pretraining.loop import Pretraining, pretrain
from bench.pretraining.settings import PretrainSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR

REPORT = Report(quiet=True)


NEWER = ("moco_v2", "barlow_twins", "vicreg", "vicregl", "swav")
SETTINGS = PretrainSettings(epochs=2, batch_size=16, image_size=32, init="random")


@pytest.fixture(scope="module")
def corpus(phantom_root):
    whole = World(phantom_root, REPORT).corpus("pool", BRAIN_TUMOR, 0)
    return replace(whole, images=whole.images[:36])


def training(corpus, name="simclr", settings=SETTINGS, seed=0, workers=0, **config):
    cls = methods().get(name)
    method = cls(cls.config_class(**{**cls.quick, **config}))
    return Pretraining(method, "resnet18", corpus, settings, seed, Compute("cpu", workers))


def weights(path):
    backbone = build_backbone("resnet18")
    load_encoder(path, backbone)
    return backbone.state_dict()


def same(a, b):
    return all(torch.equal(a[k], b[k]) for k in a)


class Interrupted(Exception):
    pass


@pytest.mark.parametrize(
    "name",
    [
        *("simclr", "lvmmed", "deepcluster_v2"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("byol", "dino", *NEWER)),
    ],
)
def test_interrupted_and_resumed_equals_uninterrupted(corpus, tmp_path, monkeypatch, name):
    pretrain(training(corpus, name), tmp_path / "whole", "id", {}, REPORT)
    real_epoch = Pretraining.run_epoch

    def stop_in_second_epoch(self, log, meter, advance):
        if self.epoch == 1:
            next(iter(self.loader))
            torch.rand(3)
            raise Interrupted
        real_epoch(self, log, meter, advance)

    monkeypatch.setattr(Pretraining, "run_epoch", stop_in_second_epoch)
    with pytest.raises(Interrupted):
        pretrain(training(corpus, name), tmp_path / "parts", "id", {}, REPORT)
    monkeypatch.undo()
    assert find_encoder(tmp_path / "parts", "id") is None
    seed_all(999)
    pretrain(training(corpus, name), tmp_path / "parts", "id", {}, REPORT)
    whole, parts = (tmp_path / n / "encoder.safetensors" for n in ("whole", "parts"))
    assert same(weights(whole), weights(parts))
    logs = [pd.read_csv(tmp_path / n / "log.csv") for n in ("whole", "parts")]
    assert list(logs[1]["step"]) == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(logs[0], logs[1])
    epochs = pd.read_csv(tmp_path / "parts" / "epochs.csv")
    assert list(epochs["epoch"]) == [1, 2]
    assert epochs["loss"].iloc[0] == pytest.approx(logs[0]["loss"][:2].mean())
    assert (epochs["images_per_second"] > 0).all()
    assert epochs["waiting_for_data"].between(0, 1).all()


def test_cost_of_a_resumed_pretraining_is_that_of_all_its_parts(corpus, tmp_path, monkeypatch):
    real_epoch = Pretraining.run_epoch

    def stop_in_second_epoch(self, log, meter, advance):
        if self.epoch == 1:
            raise Interrupted
        real_epoch(self, log, meter, advance)
        meter.start -= 1000
        meter.peak_bytes = 2**50

    monkeypatch.setattr(Pretraining, "run_epoch", stop_in_second_epoch)
    with pytest.raises(Interrupted):
        pretrain(training(corpus), tmp_path, "id", {}, REPORT)
    monkeypatch.undo()
    cost = pretrain(training(corpus), tmp_path, "id", {}, REPORT)
    assert 1000 < cost["seconds"] < 1500
    assert cost["images_per_second"] == pytest.approx(cost["steps"] * 16 / cost["seconds"], abs=0.01)
    assert cost["peak_memory_mib"] == 2**30


@pytest.mark.parametrize(
    "name", ["simclr", "byol", "dino", "lvmmed", *(pytest.param(name, marks=pytest.mark.slow) for name in NEWER)]
)
def test_mixed_precision_computes_in_bfloat16_and_keeps_views_and_weights(corpus, tmp_path, name):
    mixed = SETTINGS.model_copy(update={"precision": "bf16-mixed", "epochs": 1, "image_size": 48})
    run = training(corpus, name, mixed)
    seen = {}
    whole = run.method.loss

    def watch(module, views, progress):
        seen["views"] = {x.dtype for x in tree_leaves(views)}
        seen["map"] = module.get_submodule("backbone")(tree_leaves(views)[0][:2]).maps[0].dtype
        return whole(module, views, progress)

    run.method.loss = watch
    pretrain(run, tmp_path, "id", {}, REPORT)
    assert seen == {"views": {torch.float32}, "map": torch.bfloat16}
    assert all(v.dtype != torch.bfloat16 for v in weights(tmp_path / "encoder.safetensors").values())
    assert not same(weights(tmp_path / "encoder.safetensors"), run_start("resnet18"))


def test_mixed_precision_of_tiny_views_on_a_cpu_is_refused_before_training(corpus, tmp_path):
    mixed = SETTINGS.model_copy(update={"precision": "bf16-mixed"})  # views of 32 and, half of that, 16 pixels
    with pytest.raises(TrainingError, match=r"at least 17 pixels, found 16: .* or precision=32-true"):
        pretrain(training(corpus, "dino", mixed), tmp_path, "id", {}, REPORT)
    assert not (tmp_path / "last.ckpt").exists()


def run_start(backbone):
    seed_all(0)
    return build_backbone(backbone).state_dict()


@pytest.mark.parametrize("method", [pytest.param("simclr", marks=pytest.mark.slow), "lvmmed"])
def test_seed_and_training_change_the_weights_and_workers_do_not(corpus, tmp_path, method):
    for name, arguments in (("a", {}), ("seed", {"seed": 1}), ("workers", {"workers": 2})):
        pretrain(training(corpus, method, **arguments), tmp_path / name, "id", {}, REPORT)
    a, seed, workers = (weights(tmp_path / n / "encoder.safetensors") for n in ("a", "seed", "workers"))
    assert same(a, workers)
    assert not same(a, seed)
    seed_all(0)
    assert not same(a, build_backbone("resnet18").state_dict())


def test_resume_file_of_another_pretraining_is_refused(corpus, tmp_path):
    StateFile(tmp_path / "last.ckpt", "other", "pretraining", REPORT).save({})
    with pytest.raises(StorageError, match=r"last\.ckpt belongs to another pretraining"):
        pretrain(training(corpus), tmp_path, "mine", {}, REPORT)


def test_from_a_damaged_resume_file_pretraining_starts_over(corpus, tmp_path, capsys):
    (tmp_path / "last.ckpt").write_bytes(b"damaged")
    assert pretrain(training(corpus), tmp_path, "id", {}, Report())["first_epoch"] == 0
    assert "The pretraining starts over" in capsys.readouterr().err
    assert not (tmp_path / "last.ckpt").exists()


def test_a_state_that_cannot_be_saved_does_not_end_the_pretraining(corpus, tmp_path, monkeypatch, capsys):
    def full(*arguments, **options):
        raise StorageError("Could not write last.ckpt: No space left on device.")

    monkeypatch.setattr(resume, "write_sealed", full)
    pretrain(training(corpus), tmp_path, "id", {}, Report())
    assert capsys.readouterr().err.count("No space left on device. The pretraining goes on") == 1
    assert find_encoder(tmp_path, "id", REPORT)


def test_loss_that_is_not_finite_stops_with_step_and_advice(corpus, tmp_path, monkeypatch):
    run = training(corpus)
    monkeypatch.setattr(run.method, "loss", lambda m, views, progress: {"loss": torch.nan * next(m.parameters()).sum()})
    with pytest.raises(TrainingError, match=r"the loss is not finite at step 0 .*--set method.lr=0.0001"):
        pretrain(run, tmp_path, "id", {}, REPORT)
    assert not (tmp_path / "encoder.safetensors").exists()


def test_log_has_every_part_of_the_loss(corpus, tmp_path):
    pretrain(training(corpus, "lvmmed"), tmp_path, "id", {"method": "lvmmed"}, REPORT)
    log = pd.read_csv(tmp_path / "log.csv")
    assert {"step", "epoch", "lr", "loss", "gradient_norm", "matching_accuracy", "matching_accuracy_noisy"} <= set(log)
    assert list(tmp_path.glob("tensorboard/events*"))
    assert read_encoder(tmp_path / "encoder.safetensors")[1]["method"] == "lvmmed"
    assert not (tmp_path / "last.ckpt").exists()


@pytest.mark.parametrize(("clip", "expected"), [(None, 1.0), (1e-3, 1e-3)])
def test_the_gradient_is_clipped_to_the_methods_norm_or_not_at_all(corpus, clip, expected):
    run = training(corpus, gradient_clip=clip)
    parameters = [p for p in run.module.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    parameters[0].grad[0, 0, 0, 0] = 1.0
    assert float(run._clip()) == pytest.approx(1.0), "the norm before clipping"
    assert float(parameters[0].grad.abs().max()) == pytest.approx(expected, rel=1e-2)


def test_the_rate_follows_the_batch_that_is_used(corpus, tmp_path):
    run = training(corpus, "byol", warmup_fraction=0)
    assert run.batches.batch_size == 16
    assert run.schedule.get_last_lr() == pytest.approx([run.method.config.lr / 16] * 2)


def test_views_are_those_of_the_settings(corpus):
    run = training(corpus, settings=SETTINGS.model_copy(update={"crop_min": 0.9, "grey": 1.0, "jitter": (0, 0, 0, 0)}))
    first = run.dataset.transform.augmentations[0]
    assert (first.scale, first.grey_probability, first.jitter) == ((0.9, 1.0), 1.0, (0, 0, 0, 0))


def test_numbers_of_images_are_kept_and_epochs_are_prepared_from_the_same_batches(corpus, tmp_path):
    """What a method that remembers every image relies on (`Method.before_epoch`, `Progress.items`)."""
    run, shown, prepared = training(corpus), {0: [], 1: []}, {}
    assert run.method.corpus_size == 36
    whole, module = run.method.loss, run.module

    def prepare(given, progress, batches):
        assert given is module
        assert (progress.step, progress.items) == (2 * progress.epoch, ())
        prepared[progress.epoch] = [(items, views[0].clone()) for items, views in batches]

    def loss(given, views, progress):
        shown[progress.epoch].append((progress.items, views[0]))
        return whole(given, views, progress)

    run.method.before_epoch, run.method.loss = prepare, loss
    pretrain(run, tmp_path, "id", {}, REPORT)
    for epoch in (0, 1):
        for (items, view), (again, same_view) in zip(shown[epoch], prepared[epoch], strict=True):
            assert items == again
            assert torch.equal(view, same_view)
        numbers = [number for items, _ in shown[epoch] for number in items]
        assert len(set(numbers)) == 32
        assert set(numbers) <= set(range(36))
    assert shown[0][0][0] != shown[1][0][0]


def test_an_epoch_whose_batches_nobody_asks_for_is_loaded_once(corpus, tmp_path, monkeypatch):
    run, read = training(corpus), []
    monkeypatch.setattr(
        type(run.dataset), "__getitem__", lambda self, i: read.append(i) or [torch.zeros(3, 32, 32)] * 2
    )
    pretrain(run, tmp_path, "id", {}, REPORT)
    assert len(read) == 2 * 32
