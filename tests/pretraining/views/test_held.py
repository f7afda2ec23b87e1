"""Images are held once each where they fit, and come with their batch where they do not."""

import numpy as np
import pytest
import torch

from bench.core.console import Report
from bench.core.registry import methods
from bench.engine.loaders import EpochBatches
from bench.pretraining.dataset import ViewDataset
from bench.pretraining.views import held
from bench.pretraining.views.feeding import DeviceFeed
from bench.pretraining.views.held import Held, Sent, held_if_it_fits
from tests.pretraining.views.conftest import SIDE

CPU, QUIET = torch.device("cpu"), Report(quiet=True)


@pytest.fixture
def dataset(photographs):
    cls = methods().get("simclr")
    return ViewDataset(photographs, cls(cls.config_class()).view_transform(SIDE), SIDE, balance=0)


def test_every_image_is_held_once_and_found_by_every_item_that_shows_it(dataset):
    kept = Held(dataset, CPU, QUIET)
    once = {case.key: dataset.pixels(i) for i, case in enumerate(dataset.cases)}
    assert len(dataset) > len(once) == 12
    assert kept.images.flat.shape == (sum(p.shape[0] * p.shape[1] for p in once.values()), 3)
    for item in range(len(dataset)):
        pixels = dataset.pixels(item)
        start, (height, width) = kept.images.start[item], kept.sizes[item]
        assert (height, width) == pixels.shape[:2]
        found = kept.images.flat[start : start + height * width].view(height, width, 3)
        assert np.array_equal(found.numpy(), pixels)


def test_what_does_not_fit_comes_with_the_batch_and_gives_the_same_views(dataset, monkeypatch):
    batches = EpochBatches(len(dataset), 6, 1, smallest=6)
    whole = list(DeviceFeed(dataset, batches, 0, CPU))
    assert isinstance(held_if_it_fits(dataset, CPU, QUIET), Held)
    monkeypatch.setattr(held, "SHARE", 1e-9)
    assert isinstance(held_if_it_fits(dataset, CPU, QUIET), Sent)
    parts = list(DeviceFeed(dataset, batches, 0, CPU))
    assert len(parts) == len(whole) == len(dataset) // 6
    torch.testing.assert_close(parts, whole, rtol=0, atol=0)
