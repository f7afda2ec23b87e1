"""The pretraining loop: exact resume, clear stops, checkpoints that say what they are."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from bench.core.console import Report
from bench.core.errors import StorageError, TrainingError
from bench.core.method import MethodConfig
from bench.core.registry import methods
from bench.engine.compute import Compute
from bench.engine.loaders import EpochBatches
from bench.engine.optim import lr_factor
from bench.engine.seeding import restore_rng, rng_state, seed_all
from bench.models.build import build_backbone
from bench.models.checkpoints import find_encoder, load_encoder, read_provenance, save_encoder
from bench.pretraining.dataset import effective_batch_size
from bench.pretraining.log import TrainLog
from bench.pretraining.loop import Pretraining, pretrain
from bench.pretraining.settings import PretrainSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR

REPORT = Report(quiet=True)
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


@pytest.mark.parametrize("name", ["simclr", "byol", "dino", "lvmmed"])
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


@pytest.mark.parametrize("name", ["simclr", "byol", "dino", "lvmmed"])
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


@pytest.mark.parametrize("method", ["simclr", "lvmmed"])
def test_seed_and_training_change_the_weights_and_workers_do_not(corpus, tmp_path, method):
    for name, arguments in (("a", {}), ("seed", {"seed": 1}), ("workers", {"workers": 2})):
        pretrain(training(corpus, method, **arguments), tmp_path / name, "id", {}, REPORT)
    a, seed, workers = (weights(tmp_path / n / "encoder.safetensors") for n in ("a", "seed", "workers"))
    assert same(a, workers)
    assert not same(a, seed)
    seed_all(0)
    assert not same(a, build_backbone("resnet18").state_dict())


def test_resume_file_of_another_pretraining_is_refused(corpus, tmp_path):
    run = training(corpus)
    run.save(tmp_path / "last.ckpt", "other", {})
    with pytest.raises(StorageError, match=r"last\.ckpt belongs to another pretraining"):
        pretrain(training(corpus), tmp_path, "mine", {}, REPORT)
    (tmp_path / "last.ckpt").write_bytes(b"damaged")
    with pytest.raises(StorageError, match="not a readable pretraining state"):
        pretrain(training(corpus), tmp_path, "mine", {}, REPORT)


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
    assert read_provenance(tmp_path / "encoder.safetensors")["method"] == "lvmmed"
    assert not (tmp_path / "last.ckpt").exists()


def test_a_pretraining_that_stopped_before_its_first_step_leaves_a_log_that_the_next_can_read(tmp_path):
    for _ in range(2):  # the second start drops the step of the first and leaves an empty file, as a full disk does
        with TrainLog(tmp_path, 0) as log:
            log.write(0, {"loss": 1.0})
    (tmp_path / "log.csv").write_text("")
    with TrainLog(tmp_path, 0) as log:
        log.write(0, {"loss": 2.0})
    assert list(pd.read_csv(tmp_path / "log.csv")["loss"]) == [2.0]


def test_a_state_of_more_gpus_than_there_are_is_restored(monkeypatch):
    restored = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: restored.append((state, device)))
    restore_rng({**rng_state(), "cuda": ["first", "second"]})
    assert restored == [("first", 0)]


def test_every_epoch_sees_every_image_once_in_its_own_order():
    batches = EpochBatches(10, 3, seed=5, smallest=1)
    orders = []
    for epoch in (0, 1, 0):
        batches.epoch = epoch
        orders.append([draw for batch in batches for draw in batch])
    assert sorted(i for i, _ in orders[0]) == list(range(10))
    assert orders[0] == orders[2] != orders[1]
    assert len({seed for order in orders[:2] for _, seed in order}) == 20


def test_last_batch_below_the_smallest_is_dropped():
    sizes = [len(b) for b in EpochBatches(10, 4, seed=0, smallest=4)]
    assert sizes == [4, 4]
    assert len(EpochBatches(9, 4, seed=0, smallest=2)) == 2
    assert [len(b) for b in EpochBatches(10, 4, seed=0, smallest=2)] == [4, 4, 2]


def test_batch_size_fits_the_corpus_and_the_graphs():
    assert effective_batch_size(3200, 100, 16) == 96
    assert effective_batch_size(64, 100, 1) == 64
    with pytest.raises(TrainingError, match="multiple of 16"):
        effective_batch_size(64, 15, 16)


def test_schedules():
    steps = 100
    halving = MethodConfig(schedule="halve_four_times")
    assert [lr_factor(halving, s, steps) for s in (0, 19, 20, 40, 60, 80, 99, 100)] == [
        1, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16,
    ]  # fmt: skip
    cosine = MethodConfig(schedule="cosine", warmup_fraction=0.1)
    assert lr_factor(cosine, 0, steps) == pytest.approx(0.1)
    assert lr_factor(cosine, 10, steps) == 1
    assert lr_factor(cosine, 55, steps) == pytest.approx(0.5)
    assert lr_factor(cosine, 100, steps) == pytest.approx(0)


def test_checkpoint_of_another_backbone_or_program_is_refused(tmp_path):
    path = tmp_path / "encoder.safetensors"
    save_encoder(path, build_backbone("resnet18"), {"identity": "a"})
    with pytest.raises(
        StorageError,
        match=r"does not fit ResNetBackbone: \d+ keys missing \(layer1\.0\.bn3.*of another shape.*Was it made",
    ):
        load_encoder(path, build_backbone("resnet50"))
    with pytest.raises(StorageError, match="belongs to another pretraining"):
        find_encoder(tmp_path, "b")
    save_encoder(path, nn.Linear(2, 2), {"identity": "a"})
    with pytest.raises(StorageError, match=r"2 keys unexpected \(bias, weight\)"):
        load_encoder(path, build_backbone("resnet18"))
    path.write_bytes(b"no checkpoint")
    with pytest.raises(StorageError, match="not a readable checkpoint"):
        load_encoder(path, build_backbone("resnet18"))


def test_imagenet_weights_are_never_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(StorageError, match=r"resnet18-f37072fd\.pth does not exist. Nothing is downloaded here"):
        build_backbone("resnet18", "imagenet")


def test_imagenet_weights_are_read_from_the_torch_cache(tmp_path, monkeypatch):
    import torchvision

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    network = torchvision.models.resnet18(weights=None)
    (tmp_path / "checkpoints").mkdir()
    torch.save(network.state_dict(), tmp_path / "checkpoints" / "resnet18-f37072fd.pth")
    state = network.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in build_backbone("resnet18", "imagenet").state_dict().items())


def test_feature_maps_have_the_declared_channels_and_strides():
    for name in ("resnet18", "resnet50"):
        backbone = build_backbone(name).eval()
        features = backbone(torch.zeros(2, 3, 64, 96))
        shapes = [tuple(m.shape) for m in features.maps]
        assert shapes == [(2, c, 64 // s, 96 // s) for c, s in zip(backbone.channels, backbone.strides, strict=True)]
        assert features.pooled.shape == (2, backbone.embedding_dim)
