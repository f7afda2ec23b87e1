"""Views of a batch at once are those of one image after the other: within 2 of 255 levels, and the boxes exactly."""

import pytest
import torch
from torch.utils._pytree import tree_leaves
from torch.utils.data import default_collate

from bench.core.registry import methods
from bench.engine.images import STD
from bench.engine.loaders import EpochBatches, SeededDataset
from bench.pretraining.augment import Augmentation, MultiView
from bench.pretraining.dataset import ViewDataset
from bench.pretraining.views.feeding import DeviceFeed
from tests.pretraining.views.conftest import SIDE

LEVELS = 255 * torch.tensor(STD).view(3, 1, 1)


def both(corpus, transform, epoch=0):
    """Leaves of one epoch's batch of all items, by both executors; duplicates are among them."""
    dataset = ViewDataset(corpus, transform, SIDE, balance=0)
    batches = EpochBatches(len(dataset), len(dataset), 3, smallest=1)
    batches.epoch = epoch
    [draws] = list(batches)
    one_by_one = default_collate([SeededDataset(dataset)[draw] for draw in draws])
    [at_once] = list(DeviceFeed(dataset, batches, 0, torch.device("cpu")))
    assert any(dataset.duplicate)
    return tree_leaves(one_by_one), tree_leaves(at_once)


@pytest.mark.parametrize("name", ["simclr", "byol", "dino", "lvmmed"])
def test_views_of_every_method_are_equal_within_two_levels_and_boxes_exactly(photographs, name):
    cls = methods().get(name)
    transform = cls(cls.config_class(**cls.quick)).view_transform(SIDE)
    for one_by_one, at_once in zip(*both(photographs, transform), strict=True):
        assert at_once.dtype == one_by_one.dtype
        if one_by_one.ndim == 2:
            assert torch.equal(at_once, one_by_one), "a crop box"
            continue
        distance = ((at_once - one_by_one) * LEVELS).abs()
        assert distance.mean() < 1
        assert distance.mean((1, 2, 3)).max() < 2, "of each item"


PLAIN = Augmentation(SIDE, jitter_probability=0, grey_probability=0, blur_probability=0)
SOLE = {
    "crop": (PLAIN, 0.2),
    "bicubic": (Augmentation(SIDE, (0.08, 1), (0, 0, 0, 0), 0, 0, 0, resample=3), 0.2),
    "brightness": (Augmentation(SIDE, jitter=(0.8, 0, 0, 0), grey_probability=0, blur_probability=0), 0.3),
    "contrast": (Augmentation(SIDE, jitter=(0, 0.8, 0, 0), grey_probability=0, blur_probability=0), 0.3),
    "saturation": (Augmentation(SIDE, jitter=(0, 0, 0.8, 0), grey_probability=0, blur_probability=0), 0.3),
    "hue": (Augmentation(SIDE, jitter=(0, 0, 0, 0.2), grey_probability=0, blur_probability=0), 1.0),
    "grey": (Augmentation(SIDE, jitter_probability=0, grey_probability=1, blur_probability=0), 0.3),
    "blur": (Augmentation(SIDE, jitter_probability=0, grey_probability=0, blur_sigma=(0.1, 9)), 0.3),
    "solarise": (Augmentation(SIDE, (0.08, 1), (0, 0, 0, 0), 0, 0, 0, solarise_probability=1), 0.3),
}


@pytest.mark.parametrize(("augmentation", "most"), SOLE.values(), ids=SOLE)
def test_each_part_alone_is_equal_within_rounding(photographs, augmentation, most):
    one_by_one, at_once = both(photographs, MultiView(2 * [augmentation]), epoch=1)
    for a, b in zip(one_by_one, at_once, strict=True):
        assert ((a - b) * LEVELS).abs().mean() < most


def test_other_numbers_give_other_views(photographs):
    """That the bounds above could be missed."""
    (first, _), _ = both(photographs, MultiView([PLAIN, PLAIN]), epoch=0)
    (second, _), _ = both(photographs, MultiView([PLAIN, PLAIN]), epoch=1)
    assert ((first - second) * LEVELS).abs().mean() > 10
