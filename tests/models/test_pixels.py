"""Grey pixels as an embedding."""

import numpy as np
import pytest
import torch
from PIL import Image

from bench.engine.images import normalise
from bench.models.pixels import GreyPixels


def test_it_is_the_small_grey_image():
    image = (np.random.default_rng(0).random((40, 40, 3)) * 255).astype(np.uint8)
    embedding = GreyPixels(8)(normalise(torch.from_numpy(image).permute(2, 0, 1))[None]).pooled
    small = Image.fromarray(image).convert("L").resize((8, 8), Image.Resampling.BILINEAR)
    assert embedding.shape == (1, 64)
    assert embedding[0].numpy() == pytest.approx(np.asarray(small).flatten() / 255, abs=0.01)


def test_its_state_tells_two_sides_apart_and_nothing_is_trained():
    eight, nine = GreyPixels(8), GreyPixels(9)
    assert list(eight.parameters()) == []
    assert int(eight.state_dict()["size"]) != int(nine.state_dict()["size"])
    assert (eight.embedding_dim, eight.channels) == (64, ())
