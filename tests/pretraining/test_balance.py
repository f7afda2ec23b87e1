"""Rarer modalities are shown again until all are equally frequent; a duplicate is a slightly smaller cut."""

from collections import Counter
from dataclasses import replace

import numpy as np
import torch
from PIL import Image

from bench.core.registry import methods
from bench.engine.compute import Compute
from bench.engine.seeding import seeded
from bench.pretraining.balance import balanced, crop_duplicate
from bench.pretraining.corpus import Corpus
from bench.pretraining.corpus_image import CorpusImage
from bench.pretraining.dataset import ViewDataset
from bench.pretraining.loop import Pretraining
from bench.pretraining.settings import PretrainSettings

MODALITIES = ["MRI"] * 5 + ["CT"] * 2 + ["fundus"]


def corpus_of(modalities, side=40):
    images = tuple(
        CorpusImage(f"{i}.png", str(i), modality=m, load=lambda i=i: Image.new("RGB", (side, side), (i * 9, 0, 0)))
        for i, m in enumerate(modalities)
    )
    return Corpus("x", images, {"x": len(images)}, 0, "x", {})


def test_every_modality_is_as_frequent_as_the_largest_and_nothing_is_lost():
    shown = balanced(MODALITIES, 0)
    assert [i for i, again in shown if not again] == list(range(8))
    assert Counter(MODALITIES[i] for i, _ in shown) == {"MRI": 5, "CT": 5, "fundus": 5}
    assert not any(MODALITIES[i] == "MRI" for i, again in shown if again)
    of_ct = Counter(i for i, _ in shown if MODALITIES[i] == "CT")
    assert sorted(of_ct.values()) == [2, 3], "duplicates go round all images of a modality"


def test_duplicates_follow_the_seed_and_one_modality_has_none():
    assert balanced(MODALITIES, 1) == balanced(MODALITIES, 1)
    assert len({str(balanced(["a"] * 9 + ["b"] * 4, seed)) for seed in range(5)}) > 1
    assert balanced(["MRI"] * 3, 0) == [(0, False), (1, False), (2, False)]
    assert balanced([], 0) == []


def test_a_duplicate_is_a_cut_of_85_to_95_percent_at_the_size_of_the_image():
    rows, columns = np.mgrid[0:200, 0:200]
    image = np.stack([rows, columns, rows * 0], -1).astype(np.uint8)
    for seed in range(20):
        with seeded(seed):
            cut = crop_duplicate(image).astype(float)
        assert cut.shape == (200, 200, 3)
        share = np.ptp(cut[..., 0]) * np.ptp(cut[..., 1]) / 199**2
        assert 0.83 < share < 0.97


def test_pretraining_shows_a_balanced_corpus_where_asked():
    corpus = corpus_of(MODALITIES)
    cls = methods().get("simclr")
    lengths = {}
    for balance in (False, True):
        settings = PretrainSettings(epochs=1, batch_size=4, image_size=32, init="random", balance=balance)
        run = Pretraining(cls(cls.config_class(**cls.quick)), "resnet18", corpus, settings, 0, Compute("cpu", 0))
        lengths[balance] = len(run.dataset), len(run.batches)
    assert lengths == {False: (8, 2), True: (15, 3)}


def test_only_duplicates_are_cropped():
    marked = corpus_of(MODALITIES)
    data = ViewDataset(marked, lambda image: torch.from_numpy(np.array(image)), 32, balance=0)
    sizes = {tuple(data[i].shape) for i in range(len(data))}
    assert sizes == {(40, 40, 3)}
    assert sum(data.duplicate) == 7


def test_modalities_enter_what_a_balanced_run_depends_on():
    corpus = corpus_of(MODALITIES)
    other = replace(corpus, images=tuple(replace(i, modality="CT") for i in corpus.images))
    assert corpus.fingerprint == other.fingerprint
    assert corpus.modalities != other.modalities
