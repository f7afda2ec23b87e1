"""Short trainings in the `quick` presets do not collapse: embeddings of different images stay apart."""

import pytest
import torch

from bench.core.console import Report
from bench.core.registry import methods
from bench.dev.made_up import made_up_corpus
from bench.engine.compute import Compute
from bench.engine.seeding import seeded
from bench.evaluation.health import LEAST_RANK, effective_rank
from bench.pretraining.augment import Augmentation
from bench.pretraining.loop import Pretraining, pretrain
from bench.pretraining.settings import PretrainSettings

IMAGES, SIDE = 64, 32
LEAST_DEVIATION = 0.1
"""Of components of unit embeddings, times sqrt(D): even directions have 1, random weights here 0.22, a collapse 0."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["moco_v2", "barlow_twins", "vicreg", "vicregl", "swav", "deepcluster_v2"])
def test_a_short_training_does_not_collapse(tmp_path, name):
    cls, corpus = methods().get(name), made_up_corpus(IMAGES)
    settings = PretrainSettings(epochs=6, batch_size=32, image_size=SIDE, init="random", balance=False)
    run = Pretraining(cls(cls.config_class(**cls.quick)), "resnet18", corpus, settings, 0, Compute("cpu", 0))
    pretrain(run, tmp_path, "id", {}, Report(quiet=True))
    view = Augmentation(SIDE, scale=(0.4, 1.0))
    with seeded(0), torch.no_grad():
        images = torch.stack([view(image.read()) for image in corpus.images])
        embeddings = run.method.encoder(run.module).eval()(images).pooled
    assert effective_rank(embeddings.numpy()) > LEAST_RANK
    unit = torch.nn.functional.normalize(embeddings, dim=1)
    assert float(unit.std(0).mean()) * unit.shape[1] ** 0.5 > LEAST_DEVIATION
