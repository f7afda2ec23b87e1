"""Embeddings on disk: the same bits as computed, and nothing else's."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from bench.core.console import Report
from bench.core.errors import TrainingError
from bench.core.kind import Features
from bench.data.cache import DiskCache
from bench.engine.compute import Compute
from bench.engine.kept import keep_cases
from bench.evaluation import embeddings
from bench.evaluation.embeddings import EmbeddingCache, embed_splits
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR, TASK
from tasks.kinds.classification import Classification, ClassificationSettings

REPORT = Report(quiet=True)


class Tiny(nn.Module):
    embedding_dim = 8

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.conv = nn.Conv2d(3, 8, 3, stride=4)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, images):
        maps = self.norm(self.conv(images)).relu()
        return Features([maps], maps.mean((2, 3)))


@pytest.fixture(scope="module")
def world(phantom_root):
    return World(phantom_root, REPORT)


@pytest.fixture(scope="module")
def split(world):
    whole = world.split(BRAIN_TUMOR, 0)
    return replace(whole, train=whole.train[::9], validation=whole.validation[::5], test=whole.test[::9])


@pytest.fixture
def made(monkeypatch):
    """The sides that were embedded, in order."""
    names, real = [], embeddings._embed
    monkeypatch.setattr(embeddings, "_embed", lambda *a: (names.append(a[3]), real(*a))[1])
    return names


def embed(folder, world, split, *, encoder=None, size=32, backbone="tiny"):
    kind = Classification(TASK, ClassificationSettings(image_size=size))
    contents = world.data(BRAIN_TUMOR).hashes
    keep_cases(kind, contents)
    encoder = encoder or Tiny()
    cache = EmbeddingCache(DiskCache(folder), encoder, backbone, kind, contents, torch.device("cpu"))
    return embed_splits(encoder, kind, split, Compute("cpu"), REPORT, cache)


def test_read_embeddings_are_the_computed_ones_to_the_bit(tmp_path, world, split, made):
    kind = Classification(TASK, ClassificationSettings(image_size=32))
    computed = embed_splits(Tiny(), kind, split, Compute("cpu"), REPORT)
    stored, read = (embed(tmp_path, world, split) for _ in range(2))
    assert made == ["train", "validation", "test"] * 2, "the third time, they were read"
    for name, cases in split.sides.items():
        for found in (stored, read):
            assert torch.equal(found.sides[name].tensors[0], computed.sides[name].tensors[0])
            assert found.sides[name].tensors[1].tolist() == [case.target for case in cases]
    assert read.cost == stored.cost
    assert read.cost["seconds"] > 0


def test_whatever_changes_them_makes_new_ones(tmp_path, world, split, made):
    embed(tmp_path, world, split)
    for changed in ({"encoder": Tiny(1)}, {"size": 33}, {"backbone": "other"}):
        made.clear()
        embed(tmp_path, world, split, **changed)
        assert made == ["train", "validation", "test"], changed


def test_statistics_of_normalisation_count_as_weights(tmp_path, world, split, made):
    encoder = Tiny()
    embed(tmp_path, world, split, encoder=encoder)
    encoder.norm.running_mean += 1
    made.clear()
    embed(tmp_path, world, split, encoder=encoder)
    assert len(made) == 3


def test_a_side_that_stayed_is_read_and_a_changed_label_or_order_is_not(tmp_path, world, split, made):
    embed(tmp_path, world, split)
    made.clear()
    relabelled = replace(split.validation[0], target=(split.validation[0].target + 1) % 4)
    changed = replace(split, train=split.train[::-1], validation=(relabelled, *split.validation[1:]))
    found = embed(tmp_path, world, changed)
    assert made == ["train", "validation"]
    assert found.sides["validation"].tensors[1][0] == relabelled.target


def test_a_damaged_file_is_made_again(tmp_path, world, split, made):
    first = embed(tmp_path, world, split)
    for path in tmp_path.rglob("*.npy"):
        path.write_bytes(path.read_bytes()[:40])
    again = embed(tmp_path, world, split)
    assert len(made) == 6
    assert torch.equal(first.sides["test"].tensors[0], again.sides["test"].tensors[0])


def test_embeddings_that_are_not_finite_are_an_error_and_never_kept(tmp_path, world, split):
    encoder = Tiny()
    with torch.no_grad():
        encoder.norm.bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"embeddings of train images are not finite.*check the checkpoint"):
        embed(tmp_path, world, split, encoder=encoder)
    assert not list(tmp_path.rglob("*.npy"))
