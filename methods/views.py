"""Views that several methods share: two drawn alike, BYOL's two that differ, and local crops beside global ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.core.settings import ViewSettings
from bench.pretraining.augment import Augmentation


def alike(image_size: int, views: ViewSettings, **own: Any) -> list[Augmentation]:
    """Two views (3, H, W) drawn alike; `own` is what a method's definition changes, as in `Augmentation.of`."""
    return 2 * [Augmentation.of(image_size, views, **own)]


def asymmetric(image_size: int, views: ViewSettings, **own: Any) -> list[Augmentation]:
    """Two views (3, H, W) that differ: blur 1.0 and 0.1, solarisation 0 and 0.2 (BYOL, arXiv 2006.07733, Table 6).

    `pretrain.blur` of 0.5 gives the published chances, another value scales both.
    """
    first = Augmentation.of(image_size, views, blur_probability=min(2 * views.blur, 1.0), **own)
    return [first, replace(first, blur_probability=0.2 * views.blur, solarise_probability=0.2)]


def local(first: Augmentation, views: ViewSettings, ratio: float) -> Augmentation:
    """A local crop (3, h, w) beside the global view `first` (multi-crop, SwAV, arXiv 2006.09882, Appendix B.1).

    Its side is `ratio` of the global one's; it covers 0.05 of the image up to the least global crop. Sigma of its blur
    is as many pixels.
    """
    side = max(round(first.size * ratio), 1)
    low, high = (sigma * first.size / side for sigma in first.blur_sigma)
    scale = (min(0.05, views.crop_min), views.crop_min)
    return replace(first, size=side, scale=scale, blur_probability=views.blur, blur_sigma=(low, high))
