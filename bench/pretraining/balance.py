"""Balance of modalities in a corpus: the rarer ones are over-sampled, by images that are cropped a little."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np
from PIL import Image

from bench.pretraining.views.drawn import draw_crop
from bench.pretraining.views.resize import Crop, Pixels, crop_resized

KEPT_SHARE = (0.85, 0.95)
"""Of the area, where an image is a duplicate (LVM-Med, training settings; the paper does not say of area or side)."""


def balanced(modalities: Sequence[str], seed: int) -> list[tuple[int, bool]]:
    """What an epoch shows: (index of an image, whether it is a duplicate).

    Every image once; then, of each modality that has fewer images than the largest, duplicates in an order drawn from
    the seed, over and over, until it has as many.
    """
    groups = {name: [i for i, m in enumerate(modalities) if m == name] for name in sorted(set(modalities))}
    largest = max(map(len, groups.values()), default=0)
    shown = [(i, False) for i in range(len(modalities))]
    for number, images in enumerate(groups.values()):
        order = np.random.default_rng((seed, number)).permutation(images).tolist()
        shown += [(i, True) for i in islice(cycle(order), largest - len(images))]
    return shown


def draw_duplicate(height: int, width: int) -> Crop:
    """What a duplicate keeps of an image of this size; randomness from torch's global generator."""
    return draw_crop(height, width, KEPT_SHARE, (1.0, 1.0))


def crop_duplicate(pixels: Pixels) -> Pixels:
    """A random crop of 85 to 95 % of the area of an image (H, W, 3), resized back."""
    height, width = pixels.shape[:2]
    return crop_resized(pixels, draw_duplicate(height, width), height, width, Image.Resampling.BILINEAR)
