"""One door for all protocols: each does what it says to the encoder, and says what it cost."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from bench.core.console import Report
from bench.core.kind import Features
from bench.data.cache import DiskCache
from bench.engine.compute import Compute
from bench.engine.kept import name_contents
from bench.engine.seeding import seed_all
from bench.evaluation.evaluate import Job, evaluate
from bench.evaluation.protocols import PROTOCOLS
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR, TASK
from tasks.kinds.classification import Classification, ClassificationSettings

REPORT = Report(quiet=True)


class Tiny(nn.Module):
    embedding_dim = 8

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=4)

    def forward(self, images):
        maps = self.conv(images).relu()
        return Features([maps], maps.mean((2, 3)))


@pytest.fixture(scope="module")
def world(phantom_root):
    return World(phantom_root, REPORT)


@pytest.fixture(scope="module")
def contents(world):
    return name_contents(world.data(BRAIN_TUMOR))


@pytest.fixture(scope="module")
def split(world):
    whole = world.split(BRAIN_TUMOR, 0)
    return replace(whole, train=whole.train[::4], validation=whole.validation[::3], test=whole.test[::4])


@pytest.fixture
def run(split, contents, tmp_path):
    """Evaluate a fresh encoder under a protocol: (evaluation, whether the encoder is as it was)."""
    files = DiskCache(tmp_path)

    def call(name, **settings):
        seed_all(1)
        backbone = Tiny()
        before = {k: v.clone() for k, v in backbone.state_dict().items()}
        protocol = PROTOCOLS[name]
        own = protocol.settings_class(**{**protocol.preset, **protocol.quick, **settings})
        kind = Classification(TASK, ClassificationSettings(image_size=32))
        job = Job(kind, protocol, own, split, contents, 0, "tiny", "id")
        done = evaluate(job, backbone, Compute("cpu", 0), files, REPORT)
        return done, all(torch.equal(v, before[k]) for k, v in backbone.state_dict().items())

    return call


@pytest.mark.parametrize(
    ("name", "settings", "trained"),
    [
        ("linear", {"epochs": 2}, 8 * 4 + 4),
        ("mlp", {"epochs": 2, "hidden": (6, 5)}, 8 * 6 + 6 + 6 * 5 + 5 + 5 * 4 + 4),
        ("knn", {}, 0),
        ("few_shot", {"per_class": 2}, 8 * 4 + 4),
        ("finetune", {"epochs": 1}, 8 * 27 + 8 + 8 * 4 + 4),
    ],
)
def test_what_is_frozen_stays_and_every_test_case_is_predicted(run, split, name, settings, trained):
    done, same = run(name, **settings)
    assert same == PROTOCOLS[name].frozen
    assert len(done.adaptation.predictions) == len(split.test)
    assert done.model["trained_parameters"] == trained
    assert set(done.cost) == ({"embed", "adapt"} if PROTOCOLS[name].frozen else {"adapt"})
    assert (done.adaptation.best_epoch is None) == (name in ("knn", "few_shot"))
    assert bool(done.adaptation.draws) == (name == "few_shot")


def test_protocols_share_the_embeddings_of_one_encoder(run, tmp_path, monkeypatch):
    run("knn")
    kept = sorted(tmp_path.rglob("*.npy"))
    seen = []
    monkeypatch.setattr(Tiny, "forward", lambda self, images: seen.append(len(images)) or _features(self, images))
    run("linear", epochs=1)
    assert sorted(tmp_path.rglob("*.npy")) == kept != []
    assert sum(seen) < 8, "nothing but what counting operations needs"


def _features(model, images):
    maps = model.conv(images).relu()
    return Features([maps], maps.mean((2, 3)))


def test_a_job_is_called_by_protocol_task_and_seed(split):
    kind = Classification(TASK, ClassificationSettings(image_size=32))
    job = Job(kind, PROTOCOLS["knn"], PROTOCOLS["knn"].settings_class(), split, {}, 3, "tiny", "id")
    assert job.stage == "knn brain_tumor seed 3"
