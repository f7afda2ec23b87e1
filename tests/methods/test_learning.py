"""Short trainings in the `quick` presets: embeddings keep apart what is different, and bring views of one together."""

from dataclasses import replace

import pytest
import torch

from bench.core.console import Report
from bench.core.registry import methods
from bench.engine.compute import Compute
from bench.engine.seeding import seeded
from bench.evaluation.health import LEAST_RANK, effective_rank
from bench.pretraining.augment import Augmentation
from bench.pretraining.loop import Pretraining, pretrain
from bench.pretraining.settings import PretrainSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR

REPORT = Report(quiet=True)
IMAGES, SIDE = 96, 32
LEAST_DEVIATION = 0.1
"""Of components of unit embeddings, relative to 1 / sqrt(D), which even directions have; 0 is a collapse."""


@pytest.fixture(scope="module")
def corpus(phantom_root):
    whole = World(phantom_root, REPORT).corpus("pool", BRAIN_TUMOR, 0)
    return replace(whole, images=whole.images[:IMAGES])


def embeddings(encoder, images):
    """Two views of each image (B, D), of an encoder in evaluation."""
    view = Augmentation(SIDE, scale=(0.4, 1.0))
    found = []
    for number in range(2):
        with seeded(number), torch.no_grad():
            found.append(encoder.eval()(torch.stack([view(image) for image in images])).pooled)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["moco_v2", "barlow_twins", "vicreg", "vicregl", "swav", "deepcluster_v2"])
def test_a_short_training_does_not_collapse_and_brings_views_together(corpus, tmp_path, name):
    cls = methods().get(name)
    settings = PretrainSettings(epochs=4, batch_size=32, image_size=SIDE, init="random")
    run = Pretraining(cls(cls.config_class(**cls.quick)), "resnet18", corpus, settings, 0, Compute("cpu", 0))
    images = [image.read() for image in corpus.images[:48]]
    before = relative_distance(embeddings(run.method.encoder(run.module), images))
    pretrain(run, tmp_path, "id", {}, REPORT)
    first, second = embeddings(run.method.encoder(run.module), images)
    assert effective_rank(first.numpy()) > LEAST_RANK
    unit = torch.nn.functional.normalize(first, dim=1)
    assert float(unit.std(0).mean()) * unit.shape[1] ** 0.5 > LEAST_DEVIATION
    assert relative_distance([first, second]) < before


def relative_distance(views):
    """Mean distance of two views of an image, in units of the mean distance of different images."""
    distances = torch.cdist(*(torch.nn.functional.normalize(v - v.mean(0), dim=1) for v in views))
    own = distances.diagonal().mean()
    others = (distances.sum() - distances.trace()) / (distances.numel() - len(distances))
    return float(own / others)
