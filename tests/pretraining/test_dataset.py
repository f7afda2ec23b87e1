"""Images of a corpus as views, decoded once; batches that fit the corpus."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import TrainingError
from bench.data.cache import DiskCache
from bench.engine import kept
from bench.engine.images import shrink
from bench.engine.kept import Memory
from bench.pretraining.corpus import Corpus
from bench.pretraining.corpus_image import CorpusImage
from bench.pretraining.dataset import ViewDataset, effective_batch_size

PIXELS = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)


def views_of(image, folder, monkeypatch, image_size=16):
    """Pixels of the image as transforms get them, in a process of its own, and how often it was read."""
    reads = []

    def load():
        reads.append(image)
        return Image.fromarray(PIXELS)

    monkeypatch.setattr(kept, "MEMORY", Memory())
    corpus = Corpus("x", (replace(image, load=load),), {"x": 1}, 0, "x", {})
    data = ViewDataset(corpus, np.asarray, image_size, files=DiskCache(folder) if folder else None)
    assert np.array_equal(data[0], data[0])
    return data[0], len(reads)


IMAGE = CorpusImage(Path("a.png"), "content", decoder="reader 1")


def test_views_are_cut_from_images_of_twice_their_size(tmp_path, monkeypatch):
    expected = np.asarray(shrink(Image.fromarray(PIXELS), 32))
    for folder in (None, tmp_path, tmp_path):
        pixels, _ = views_of(IMAGE, folder, monkeypatch)
        assert np.array_equal(pixels, expected)


def test_an_image_is_named_by_content_slice_and_decoder_and_read_once(tmp_path, monkeypatch):
    assert views_of(IMAGE, tmp_path, monkeypatch)[1] == 1
    assert views_of(replace(IMAGE, path=Path("moved.png"), modality="CT"), tmp_path, monkeypatch)[1] == 0
    for change in ({"content": "other"}, {"index": 1}, {"decoder": "reader 2"}):
        assert views_of(replace(IMAGE, **change), tmp_path, monkeypatch)[1] == 1, change
    assert views_of(IMAGE, tmp_path, monkeypatch, image_size=8)[1] == 1


def test_batch_size_fits_the_corpus_and_the_graphs():
    assert effective_batch_size(3200, 100, 16) == 96
    assert effective_batch_size(64, 100, 1) == 64
    with pytest.raises(TrainingError, match="multiple of 16"):
        effective_batch_size(64, 15, 16)
