"""Batches that fit the corpus."""

import pytest

from bench.core.errors import TrainingError
from bench.pretraining.dataset import effective_batch_size


def test_batch_size_fits_the_corpus_and_the_graphs():
    assert effective_batch_size(3200, 100, 16) == 96
    assert effective_batch_size(64, 100, 1) == 64
    with pytest.raises(TrainingError, match="multiple of 16"):
        effective_batch_size(64, 15, 16)
