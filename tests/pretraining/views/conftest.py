"""A small corpus of photographs of several shapes, of two modalities, so that balance makes duplicates."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.pretraining.corpus import Corpus
from bench.pretraining.corpus_image import CorpusImage

SIDE = 40
SHAPES = [(80, 120), (120, 80), (80, 80), (60, 200), (200, 80), (30, 44)]


def photograph(number):
    """Smooth colours of every hue and some grain."""
    draw, shape = np.random.default_rng(number), SHAPES[number % len(SHAPES)]
    coarse = Image.fromarray(draw.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(smooth + draw.normal(0, 8, (*shape, 3)), 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def photographs():
    images = tuple(
        CorpusImage(
            Path(f"{i}.png"), f"photograph {i}", modality="CT" if i < 5 else "MRI", load=lambda i=i: photograph(i)
        )
        for i in range(12)
    )
    return Corpus("photographs", images, {"photographs": 12}, 0, "photographs", {})
