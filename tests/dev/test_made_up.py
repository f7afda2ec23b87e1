"""What canaries are made from is the same everywhere, and statistics notice what they must."""

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.task import Volume
from bench.dev.made_up import made_up_corpus, made_up_image, statistics


def test_made_up_images_are_the_same_on_every_machine():
    content = b"".join(made_up_image(i).tobytes() for i in range(5))
    assert hashlib.sha256(content).hexdigest()[:16] == "57f3719280d7663e"
    assert len({made_up_image(i).tobytes() for i in range(20)}) == 20


def test_a_made_up_corpus_has_two_modalities_and_reads_its_images():
    corpus = made_up_corpus(4)
    assert [image.modality for image in corpus.images] == ["a", "b", "a", "b"]
    assert np.array_equal(np.asarray(corpus.images[3].read()), made_up_image(3))


def test_statistics_notice_values_size_and_places():
    before = statistics(np.arange(6.0))
    assert statistics(torch.arange(6.0)) == before
    assert statistics(np.arange(7.0))[0] != before[0]
    assert statistics(np.arange(6.0) + 0.1)[1] != before[1]
    moved = statistics(np.arange(6.0)[::-1])
    assert moved[:3] == before[:3]
    assert moved[3] != before[3]
    assert statistics(None) == []
    volume = Volume(np.ones((2, 2, 2)), np.eye(4))
    assert len(statistics(volume)) == 4 + 16


def test_an_image_of_another_mode_is_refused():
    with pytest.raises(TypeError, match="mode L; expected RGB"):
        statistics(Image.new("L", (2, 2)))
