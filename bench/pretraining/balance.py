"""Balance of modalities in a corpus: the rarer ones are over-sampled, by images that are cropped a little."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np
from PIL import Image
from torchvision.transforms import RandomResizedCrop

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


def crop_duplicate(image: Image.Image) -> Image.Image:
    """A random crop of 85 to 95 % of the area, resized back; randomness from torch's global generator."""
    top, left, height, width = RandomResizedCrop.get_params(image, list(KEPT_SHARE), [1.0, 1.0])
    area = (left, top, left + width, top + height)
    return image.resize(image.size, Image.Resampling.BILINEAR, box=area)
