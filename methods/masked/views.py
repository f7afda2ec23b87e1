"""The view of methods that restore an image: crop and flip alone."""

from __future__ import annotations

from PIL.Image import Resampling

from bench.core.settings import ViewSettings
from bench.pretraining.augment import Augmentation


def plain_view(image_size: int, views: ViewSettings) -> Augmentation:
    """Crop by `pretrain.crop_min` (cubic) and flip; neither colours nor blur, which what is restored would show too."""
    off = {"jitter_probability": 0.0, "grey_probability": 0.0, "blur_probability": 0.0}
    return Augmentation.of(image_size, views, **off, resample=Resampling.BICUBIC)
