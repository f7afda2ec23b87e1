"""How images reach the training changes nothing: kept, streamed, or loaded by processes that live as long as it."""

import multiprocessing
from dataclasses import replace
from functools import partial

import pytest
import torch

from bench.core.console import Report
from bench.core.errors import DataError
from bench.core.registry import methods
from bench.data.cache import LIMIT_VARIABLE, DiskCache
from bench.engine import datasets, kept, loaders
from bench.engine.compute import Compute
from bench.engine.kept import Memory
from bench.models.checkpoints import read_encoder
from bench.pretraining.loop import Pretraining, pretrain
from bench.pretraining.settings import PretrainSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR

REPORT = Report(quiet=True)
SETTINGS = PretrainSettings(epochs=2, batch_size=8, image_size=32, init="random")


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch):
    monkeypatch.setattr(kept, "MEMORY", Memory())


@pytest.fixture(scope="module")
def corpus(phantom_root):
    whole = World(phantom_root, REPORT).corpus("pool", BRAIN_TUMOR, 0)
    return replace(whole, images=whole.images[:24])


def trained(corpus, folder, name="simclr", settings=SETTINGS, workers=0, report=REPORT):
    """Weights and log of a pretraining whose decoded images are kept in the folder."""
    cls = methods().get(name)
    method = cls(cls.config_class(**cls.quick))
    files = DiskCache(folder / "decoded", report)
    run = Pretraining(method, "resnet18", corpus, settings, 0, Compute("cpu", workers), files)
    pretrain(run, folder, "id", {}, report)
    del run
    weights, facts = read_encoder(folder / "encoder.safetensors")
    return weights, (folder / "log.csv").read_text(), facts["logged"]


def same(one, other):
    return one[1] == other[1] and all(torch.equal(one[0][name], other[0][name]) for name in one[0])


@pytest.mark.parametrize("name", ["simclr", pytest.param("lvmmed", marks=pytest.mark.slow)])
def test_processes_that_live_through_three_epochs_train_the_same(corpus, tmp_path, monkeypatch, name):
    """LVM-Med draws noise from the generator from which every pass draws a number."""
    started = tmp_path / "started"
    monkeypatch.setattr(loaders, "prepare_process", partial(note, started))
    settings = SETTINGS.model_copy(update={"epochs": 3})
    alone = trained(corpus, tmp_path / "alone", name, settings)
    shared = trained(corpus, tmp_path / "shared", name, settings, workers=2)
    assert same(alone, shared)
    assert sorted(started.read_text()) == ["0", "1"]
    assert not multiprocessing.active_children(), "they end with the training"


def note(file, worker):
    with file.open("a") as notes:
        notes.write(str(worker))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_corpus_that_streams_trains_the_same(corpus, tmp_path, monkeypatch, capfd, workers):
    whole = trained(corpus, tmp_path / "kept", report=Report())
    assert "decoded while training" not in capfd.readouterr().err
    monkeypatch.setattr(kept, "MEMORY", Memory())
    monkeypatch.setenv(LIMIT_VARIABLE, str(30_000 / 2**30))
    streamed = trained(corpus, tmp_path / "streamed", workers=workers, report=Report())
    said = capfd.readouterr().err
    assert said.count("corpus: about 0.000") == 1
    assert (
        "more than the 2.79e-05 GiB that are kept (BENCH_DECODED_GIB): decoded while training, in every epoch" in said
    )
    assert same(whole, streamed)
    assert whole[2] == streamed[2]


def test_a_broken_image_of_a_streamed_corpus_is_one_error(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv(LIMIT_VARIABLE, "1e-9")
    monkeypatch.setattr(datasets, "SAMPLED", 1)
    monkeypatch.setattr(loaders, "SHARED_MEMORY", tmp_path / "none")
    monkeypatch.setattr(Pretraining, "require_precision", lambda self: None)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    images = (*corpus.images[:-1], replace(corpus.images[-1], path=broken, content="0" * 64))
    with pytest.raises(DataError) as caught:
        trained(replace(corpus, images=images), tmp_path / "run", workers=2)
    assert str(caught.value).startswith(f"{broken}: ")
    assert "Traceback" not in str(caught.value)
    assert not multiprocessing.active_children()
