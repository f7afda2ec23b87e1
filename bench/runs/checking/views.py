"""What `Method.view_transform` must give: tensors of equal sizes, normalised, of the size that was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils._pytree import tree_leaves
from torch.utils.data import default_collate

from bench.core.method import Method
from bench.runs.checking.blame import blaming, require

ADVICE = "See `view_transform` in docs/add_a_method.md."
_NORMALISE = (
    "End the transform with ToTensor and the ImageNet normalisation, as bench.engine.images.normalise or the last step "
    "of bench.pretraining.augment.Augmentation; lightly's transforms do it by default."
)
_MOST = 10.0
"""Largest absolute value of a normalised pixel is 2.64; more than this is 0 to 255."""


def made_up_image(number: int, image_size: int) -> Image.Image:
    """Blocks of strong colours, black among them in every region; images of several numbers have several sizes."""
    random = np.random.default_rng(number)
    block = max(image_size // 12, 1)
    rows, columns = 15 + number % 3, 18 + number % 4
    colours = random.integers(0, 2, (rows, columns, 3)) * 255
    colours[::2, ::2] = 0
    large = colours.repeat(block, axis=0).repeat(block, axis=1)
    return Image.fromarray(large.astype(np.uint8))


def views_of_batch(method: Method, image_size: int, batch: int) -> Any:
    """Collated views of made-up images, checked. Raises `PluginError`."""
    with blaming(method, f"view_transform({image_size})", ADVICE):
        transform = method.view_transform(image_size)
    require(callable(transform), method, f".view_transform gave a {type(transform).__name__}, no function", ADVICE)
    with blaming(method, "view_transform(image_size)(image)", ADVICE):
        views = [transform(made_up_image(number, image_size)) for number in range(batch)]
    for one in views:
        _require_tensors(method, one)
    advice = "Every image must give views of the same sizes: end with a crop or resize to image_size. " + ADVICE
    with blaming(method, "view_transform: its views cannot be stacked to a batch; default_collate", advice):
        collated = default_collate(views)
    _require_images(method, collated, image_size)
    return collated


def _require_tensors(method: Method, views: Any) -> None:
    for leaf in tree_leaves(views):
        if isinstance(leaf, Image.Image):
            require(False, method, ".view_transform gives Pillow images, expected tensors (3, H, W)", _NORMALISE)
        if isinstance(leaf, np.ndarray) and leaf.ndim >= 3:
            what = f".view_transform gives NumPy arrays {leaf.shape}, expected tensors (3, H, W)"
            require(False, method, what, _NORMALISE)


def _require_images(method: Method, collated: Any, image_size: int) -> None:
    found = [leaf for leaf in tree_leaves(collated) if isinstance(leaf, Tensor) and leaf.ndim >= 4]
    require(found, method, ".view_transform gives no image among its views, expected tensors (3, H, W)", ADVICE)
    images = [leaf for leaf in found if leaf.shape[-3] == 3]
    shape = tuple(found[0].shape[1:])
    require(images, method, f".view_transform gives views of shape {shape}, expected (3, H, W)", _NORMALISE)
    for image in images:
        what = f".view_transform gives views of {image.dtype}, expected float32"
        require(image.is_floating_point(), method, what, _NORMALISE)
        require(torch.isfinite(image).all(), method, ".view_transform gives values that are not finite", ADVICE)
    low = min(float(image.min()) for image in images)
    high = max(float(image.max()) for image in images)
    what = f".view_transform gives views from {low:.3g} to {high:.3g}, which are not ImageNet-normalised"
    require(low < -0.05 and high < _MOST, method, what, _NORMALISE)
    side = max(max(image.shape[-2:]) for image in images)
    what = f".view_transform({image_size}) gives views of at most {side} pixels"
    require(side == image_size, method, what, "Its largest views must have image_size pixels a side. " + ADVICE)
