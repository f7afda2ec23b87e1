"""Views of a batch computed at once on any device of torch, from the numbers that `Augmentation.draw` drew."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.pretraining.augment import Augmentation, MultiView
from bench.pretraining.views import batched_colours as colours
from bench.pretraining.views.batched_resize import Images, on_device, resized
from bench.pretraining.views.drawn import ROW

CROP, FLIPPED, GREY, SOLARISED, SIGMA, CHANGES, FACTORS = slice(0, 4), 4, 5, 6, 7, slice(8, 12), slice(12, ROW)
"""Where the numbers of a view stand, see `Drawn.row`."""


class DrawnBatch(NamedTuple):
    """What was drawn for B images of V views each, on the CPU."""

    items: Tensor
    """(B,), int64: numbers of the images."""
    rows: Tensor
    """(B, V, ROW), float64."""
    duplicate: Tensor
    """(B, 4), int64: the crop that a duplicate is of its image, see `balance`; zeros: it is no duplicate."""
    size: Tensor
    """(B, 2), int64: height and width of the images."""
    pixels: Tensor
    """(N, 3), uint8: those of all images, row by row; none where the device has them."""


def computed_views(transform: MultiView, drawn: DrawnBatch, images: Images) -> Any:
    """What the transform would give for each image of a batch, stacked, on the device of `images`."""
    rows, device = drawn.rows.numpy(), images.flat.device
    sources = _sources(images, drawn.duplicate.numpy())
    views: list[Tensor] = [torch.empty(0)] * rows.shape[1]
    for augmentation in dict.fromkeys(transform.augmentations):
        alike = [number for number, other in enumerate(transform.augmentations) if other == augmentation]
        made = [_alike(augmentation, own, rows[index][:, alike]) for index, own in sources]  # (V', b, 3, S, S) each
        order = np.argsort(np.concatenate([index for index, _ in sources]))
        whole = made[0] if len(made) == 1 else torch.cat(made, 1)[:, on_device(order, device)]
        for number, view in zip(alike, whole, strict=True):
            views[number] = view
    size = drawn.size.repeat(1, 2)[:, None]  # (B, 1, 4)
    boxes = torch.cat([drawn.rows[..., CROP] / size, drawn.rows[..., FLIPPED, None]], -1).float()  # (B, V, 5)
    return transform.arranged(views, [on_device(box.numpy(), device) for box in boxes.unbind(1)])


def _alike(augmentation: Augmentation, images: Images, rows: np.ndarray) -> Tensor:
    """Several views (V, B, 3, S, S) of B images by one augmentation and their numbers (B, V, ROW)."""
    count, views = rows.shape[:2]
    several = images.take(np.tile(np.arange(count), views))
    made = augmented(augmentation, several, rows.swapaxes(0, 1).reshape(-1, ROW))
    return made.view(views, count, *made.shape[1:])


def augmented(augmentation: Augmentation, images: Images, rows: np.ndarray) -> Tensor:
    """Normalised views (B, 3, size, size) of B images by their numbers (B, ROW)."""
    side = np.full(len(rows), augmentation.size)
    made = resized(images, rows[:, CROP], side, side, augmentation.resample, rows[:, FLIPPED] > 0)
    factors = on_device(rows[:, FACTORS].astype(np.float32), made.device)
    for place, numbers in enumerate(rows[:, CHANGES].T):
        for number, change in enumerate(colours.CHANGES):
            made = _where(made, numbers == number, change, factors[:, place])
    made = _where(made, rows[:, GREY] > 0, colours.saturate, torch.zeros_like(factors[:, 0]))
    sigma = rows[:, SIGMA]
    reach = colours.reach_of(float(sigma.max()))
    sigmas = on_device(sigma.astype(np.float32), made.device)
    made = _where(made, sigma > 0, lambda some, own: colours.gaussian_blur(some, own, reach), sigmas)
    made = _where(made, rows[:, SOLARISED] > 0, lambda some, own: colours.solarise(some), sigmas)
    return colours.normalised(made)


def _where(images: Tensor, chosen: np.ndarray, change: Any, factors: Tensor) -> Tensor:
    """The batch with some of its items changed, in place; which, the CPU knows, so that nothing waits for a device."""
    if not chosen.any():
        return images
    index = on_device(np.flatnonzero(chosen), images.device)
    images[index] = change(images[index], factors[index])
    return images


def _sources(images: Images, duplicates: np.ndarray) -> list[tuple[np.ndarray, Images]]:
    """Which items' views are cut from what: the images, and of duplicates their crop, resized to the image's size."""
    again = duplicates[:, 2] > 0
    plain, some = np.flatnonzero(~again), np.flatnonzero(again)
    found = [(plain, images.take(plain))] if len(plain) else []
    if len(some):
        own, upright = images.take(some), np.zeros(len(some), bool)
        cut = resized(own, duplicates[some], own.height, own.width, Image.Resampling.BILINEAR, upright)
        _, _, high, wide = cut.shape
        flat = cut.permute(0, 2, 3, 1).to(torch.uint8).reshape(-1, 3)
        found.append((some, Images(flat, np.arange(len(some)) * high * wide, own.height, own.width, 0 * some + wide)))
    return found
